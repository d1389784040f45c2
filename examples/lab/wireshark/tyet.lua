-- tyet.lua: takes tyet's packets apart in Wireshark and tshark.
--
--   wireshark -X lua_script:tyet.lua FILE        or put it into the folder of personal plugins
--
-- It knows what `tyet run --pcap FILE` writes (link type USER0), and plain connections over TCP. Of sealed connections
-- it shows the hellos, and that the rest is sealed. The tables are in doc/wire-format.md.
--
-- SPDX-License-Identifier: LGPL-2.1-or-later

local tyet = Proto("tyet", "tyet process groups")
local link = Proto("tyet_link", "tyet, from the simulator")

local TYPES = {
  [1] = "DATA", [2] = "FORWARD", [3] = "ORDERING", [4] = "RECEIPTS", [5] = "ALIVE", [6] = "GAP",
  [7] = "FOUNDER",
  [8] = "JOIN", [9] = "WELCOME", [10] = "LEAVE", [11] = "SUSPECT", [12] = "GONE", [13] = "BEHIND", [14] = "BARRED",
  [15] = "REKEY",  [16] = "PREPARE", [17] = "STATE", [18] = "NACK", [19] = "PROPOSE", [20] = "FLUSH", [21] = "DECIDED",
  [22] = "NEED", [23] = "EXCLUDED", [24] = "WANT_KEYS", [25] = "KEYS",
  [32] = "TRANSFER_DATA", [33] = "TRANSFER_ACK", [34] = "TRANSFER_FAILED", [35] = "TRANSFER_LOADED",
}
local SERVICES = { [0] = "fifo", [1] = "causal", [2] = "agreed", [3] = "safe" }
local WELCOMES = { [0] = "welcome", [1] = "no such group here", [2] = "refused", [3] = "wait",
                   [4] = "the name is another member's" }
local KINDS = { [0] = "acknowledgement", [1] = "frame", [2] = "intro", [3] = "end" }
local CLASSES = { [0] = "control", [1] = "data", [2] = "bulk" }
local HELLOS = { [0] = "hello", [1] = "refused: another version", [2] = "refused: not with this sealing",
                 [3] = "refused: the network secret was not proved" }
local SEALINGS = { [0] = "none", [1] = "Noise XXpsk3" }
local FRESH = { [1] = "the group's secret", [2] = "the network's secret", [3] = "both secrets" }
local ENDS = { [0] = "closed", [1] = "malformed bytes", [2] = "the session is not known",
               [3] = "one connection too many", [4] = "no address that others can dial", [5] = "probe",
               [6] = "another key than before" }

local f = {
  type = ProtoField.uint8("tyet.type", "Type", base.DEC, TYPES),
  group = ProtoField.bytes("tyet.group", "Group"),
  view = ProtoField.uint64("tyet.view", "View"),
  first = ProtoField.uint64("tyet.first", "First message"),
  count = ProtoField.uint64("tyet.count", "Messages"),
  stamp = ProtoField.bytes("tyet.stamp", "Stamp"),
  service = ProtoField.uint8("tyet.service", "Service", base.DEC, SERVICES),
  payload = ProtoField.bytes("tyet.payload", "Payload"),
  rank = ProtoField.uint64("tyet.rank", "Rank"),
  received = ProtoField.uint64("tyet.received", "Received"),
  unconsumed = ProtoField.uint64("tyet.unconsumed", "Not consumed"),
  stable = ProtoField.uint64("tyet.stable", "Stable"),
  gossip = ProtoField.bytes("tyet.gossip", "Gossip"),
  name = ProtoField.string("tyet.name", "Name"),
  ordering = ProtoField.string("tyet.ordering", "Ordering"),
  why = ProtoField.string("tyet.why", "Why"),
  answer = ProtoField.uint8("tyet.answer", "Answer", base.DEC, WELCOMES),
  counter = ProtoField.uint64("tyet.ballot.counter", "Ballot, counter"),
  coordinator = ProtoField.bytes("tyet.ballot.process", "Ballot, process"),
  proof = ProtoField.bytes("tyet.proof", "Proof of the group's secret"),
  secrets = ProtoField.bytes("tyet.secrets", "Name of the secrets"),
  fresh = ProtoField.uint8("tyet.fresh", "New", base.DEC, FRESH),
  secret = ProtoField.bytes("tyet.secret", "Secret"),
  digest = ProtoField.bytes("tyet.digest", "Digest of the value"),
  flags = ProtoField.uint8("tyet.flags", "Flags", base.HEX),
  number = ProtoField.uint64("tyet.number", "Number"),
  body = ProtoField.bytes("tyet.body", "Body"),
  magic = ProtoField.bytes("tyet.magic", "Magic"),
  version = ProtoField.uint16("tyet.version", "Version of the protocol"),
  hello = ProtoField.uint8("tyet.hello", "Hello", base.DEC, HELLOS),
  sealing = ProtoField.uint8("tyet.sealing", "Sealing", base.DEC, SEALINGS),
  incarnation = ProtoField.bytes("tyet.incarnation", "Incarnation"),
  session = ProtoField.bytes("tyet.session", "Session"),
  length = ProtoField.uint32("tyet.length", "Length of the body"),
  kind = ProtoField.uint8("tyet.kind", "Kind of record", base.DEC, KINDS),
  class = ProtoField.uint8("tyet.class", "Class", base.DEC, CLASSES, 0x03),
  starts = ProtoField.bool("tyet.starts", "First of its packet", 8, nil, 0x10),
  ends = ProtoField.bool("tyet.ends", "Last of its packet", 8, nil, 0x20),
  stream = ProtoField.uint32("tyet.stream", "Stream"),
  frame = ProtoField.uint32("tyet.frame", "Frame number, low half"),
  ack = ProtoField.uint64("tyet.ack", "Expects frame"),
  ending = ProtoField.uint8("tyet.end", "End", base.DEC, ENDS),
}
tyet.fields = f
local from_field = ProtoField.string("tyet_link.from", "From")
local to_field = ProtoField.string("tyet_link.to", "To")
link.fields = { from_field, to_field }

local malformed = ProtoExpert.new("tyet.malformed", "Malformed", expert.group.MALFORMED, expert.severity.ERROR)
tyet.experts = { malformed }

-- A reader that walks over the bytes, and stays bad once something is missing.
local Reader = {}
Reader.__index = Reader

local function reader(buffer, at)
  return setmetatable({ buffer = buffer, at = at or 0, bad = false }, Reader)
end

function Reader:left()
  return self.buffer:len() - self.at
end

function Reader:take(len)
  if self.bad or len > self:left() then
    self.bad = true
    return nil
  end
  self.at = self.at + len
  return len > 0 and self.buffer(self.at - len, len) or nil
end

function Reader:byte()
  local range = self:take(1)
  return range and range:uint() or 0, range
end

-- The number, and where it stands.
function Reader:varint()
  local from, value, shift = self.at, UInt64(0), 0
  repeat
    local byte = self:byte()
    if self.bad or shift > 63 then
      self.bad = true
      return 0, nil
    end
    value = value + UInt64(byte % 128):lshift(shift)
    shift = shift + 7
  until byte < 128
  return value:tonumber(), self.buffer(from, self.at - from), value
end

function Reader:put_varint(tree, field)
  local value, range, exact = self:varint()
  if range then tree:add(field, range, exact) end
  return value
end

function Reader:put_bytes(tree, field, len)
  local range = self:take(len)
  if range then tree:add(field, range) end
  return range
end

-- A block: its length and its bytes.
function Reader:put_block(tree, field)
  local len = self:varint()
  return self:put_bytes(tree, field, len)
end

function Reader:put_ballot(tree)
  local counter = self:put_varint(tree, f.counter)
  self:put_bytes(tree, f.coordinator, 16)
  return counter
end

local dissect_packet

local function batch(r, tree, info)
  local first, count = r:put_varint(tree, f.first), r:put_varint(tree, f.count)
  r:put_block(tree, f.stamp)
  for i = 0, count - 1 do
    if r.bad then break end
    local from = r.at
    local head, range = r:varint()
    if r.bad then break end
    local len, service = math.floor(head / 4), head % 4
    local message = tree:add(r.buffer(from, math.min(r.at - from + len, r.buffer:len() - from)),
                             string.format("Message %d, %s, %d bytes", first + i, SERVICES[service], len))
    message:add(f.service, range, service)
    r:put_bytes(message, f.payload, len)
  end
  info[#info + 1] = count == 1 and string.format("message %d", first)
      or string.format("messages %d to %d", first, first + count - 1)
end

local function receipts(r, tree, info)
  r:put_block(tree, f.gossip)
  r:put_varint(tree, f.stable)
  r:put_varint(tree, f.received)
  r:put_varint(tree, f.unconsumed)
end

local function ballot(r, tree, info)
  info[#info + 1] = string.format("ballot %d", r:put_ballot(tree))
end

-- What comes after the common head; what is not taken apart is the body.
local BODIES = {
  [1] = batch,
  [2] = function (r, tree, info)
    r:put_varint(tree, f.rank)
    if not r.bad and r:left() > 0 then
      dissect_packet(r.buffer(r.at):tvb(), tree, info)
      r.at = r.buffer:len()
    end
  end,
  [4] = receipts,
  [7] = function (r, tree)
    r:put_bytes(tree, f.flags, 1)
    r:put_block(tree, f.proof)
  end,
  [10] = function (r, tree) r:put_bytes(tree, f.flags, 1) end,
  [11] = function (r, tree) r:put_varint(tree, f.number) end,
  [13] = function (r, tree) r:put_varint(tree, f.rank) end,
  [14] = function (r, tree) r:put_varint(tree, f.rank) end,
  [15] = function (r, tree) r:put_bytes(tree, f.secrets, 16) end,
  [16] = ballot,
  [17] = function (r, tree, info)
    ballot(r, tree, info)
    r:put_bytes(tree, f.flags, 1)
  end,
  [18] = function (r, tree, info)
    r:put_bytes(tree, f.flags, 1)
    ballot(r, tree, info)
  end,
  [19] = ballot,
  [20] = function (r, tree, info)
    ballot(r, tree, info)
    r:put_bytes(tree, f.digest, 16)
  end,
  [22] = ballot,
  [23] = function (r, tree) r:put_varint(tree, f.number) end,
  [24] = function (r, tree) r:put_bytes(tree, f.secrets, 16) end,
  [25] = function (r, tree)
    r:put_bytes(tree, f.secrets, 16)
    r:put_bytes(tree, f.fresh, 1)
    r:put_bytes(tree, f.secret, 32)
    r:put_bytes(tree, f.secret, 32)
  end,
  [32] = function (r, tree)
    r:put_bytes(tree, f.flags, 1)
    r:put_varint(tree, f.number)
  end,
  [33] = function (r, tree) r:put_varint(tree, f.number) end,
  [34] = function (r, tree) r:put_block(tree, f.why) end,
}

local function join(r, tree, info)
  local name = r:put_block(tree, f.name)
  r:put_block(tree, f.ordering)
  if name then info[#info + 1] = name:string() end
end

local function welcome(r, tree, info)
  r:put_block(tree, f.name)
  local answer, range = r:byte()
  if range then tree:add(f.answer, range) end
  r:put_block(tree, f.why)
  info[#info + 1] = WELCOMES[answer]
end

-- One packet. `info` gets words for the column.
function dissect_packet(buffer, parent, info)
  local r = reader(buffer)
  local kind, range = r:byte()
  local tree = parent:add(tyet, buffer(), "tyet " .. (TYPES[kind] or ("type " .. kind)))
  if range then tree:add(f.type, range) end
  info[#info + 1] = TYPES[kind] or ("type " .. kind)
  if kind == 8 then
    join(r, tree, info)
  elseif kind == 9 then
    welcome(r, tree, info)
  elseif TYPES[kind] then
    r:put_bytes(tree, f.group, 16)
    local view = r:put_varint(tree, f.view)
    info[#info + 1] = string.format("view %d", view)
    if BODIES[kind] then BODIES[kind](r, tree, info) end
  else
    r.bad = true
  end
  if r.bad then
    tree:add_proto_expert_info(malformed)
    info[#info + 1] = "[malformed]"
  elseif r:left() > 0 then
    tree:add(f.body, r.buffer(r.at))
  end
end

-- ---- What `tyet run --pcap` writes ----

function link.dissector(buffer, pinfo, root)
  local r = reader(buffer)
  r:byte()
  local tree = root:add(link, buffer(), "tyet, from the simulator")
  local from = r:take((r:byte()))
  local to = r:take((r:byte()))
  if r.bad or not from or not to or r:left() == 0 then return 0 end
  tree:add(from_field, from)
  tree:add(to_field, to)
  pinfo.cols.src = from:string()
  pinfo.cols.dst = to:string()
  pinfo.cols.protocol = "tyet"
  local info = {}
  dissect_packet(buffer(r.at):tvb(), root, info)
  pinfo.cols.info = table.concat(info, ", ")
  return buffer:len()
end
DissectorTable.get("wtap_encap"):add(wtap.USER0, link)

-- ---- Plain connections ----

local MAGIC = "tyet\r\n\r\n"
local HELLO_LEN, HEAD_LEN, MAX_BODY = 48, 24, 65472

local function is_hello(buffer)
  return buffer:len() >= #MAGIC and buffer(0, #MAGIC):raw() == MAGIC
end

local function hello(buffer, root, info)
  local tree = root:add(tyet, buffer(0, HELLO_LEN), "tyet hello")
  tree:add(f.magic, buffer(0, 8))
  tree:add_le(f.version, buffer(8, 2))
  tree:add(f.hello, buffer(10, 1))
  tree:add(f.sealing, buffer(11, 1))
  tree:add(f.incarnation, buffer(16, 16))
  tree:add(f.session, buffer(32, 16))
  info[#info + 1] = "HELLO"
  if buffer(11, 1):uint() == 1 then info[#info + 1] = "sealed from here on" end
end

local function record(buffer, len, root, info)
  local tree = root:add(tyet, buffer(0, HEAD_LEN + len), "tyet record")
  local kind, flags = buffer(4, 1):uint(), buffer(5, 1):uint()
  tree:add_le(f.length, buffer(0, 4))
  tree:add(f.kind, buffer(4, 1))
  tree:add_le(f.ack, buffer(16, 8))
  if kind ~= 1 then
    info[#info + 1] = KINDS[kind]
    local r = reader(buffer(0, HEAD_LEN + len):tvb(), HEAD_LEN)
    if kind == 2 then
      r:take(1)
      r:put_bytes(tree, f.session, 16)
      r:take(8)
      r:put_block(tree, f.name)
    elseif kind == 3 then
      r:put_bytes(tree, f.ending, 1)
      r:put_block(tree, f.why)
    end
    return
  end
  tree:add(f.class, buffer(5, 1))
  tree:add(f.starts, buffer(5, 1))
  tree:add(f.ends, buffer(5, 1))
  tree:add_le(f.stream, buffer(8, 4))
  tree:add_le(f.frame, buffer(12, 4))
  if len > 0 and math.floor(flags / 16) % 4 == 3 then
    dissect_packet(buffer(HEAD_LEN, len):tvb(), root, info)
  elseif len > 0 then
    tree:add(f.body, buffer(HEAD_LEN, len))
    info[#info + 1] = "part of a packet"
  end
end

-- One hello or record, or nil and how many bytes more are wanted; 0: this is none.
local function length_of(buffer)
  if is_hello(buffer) then return HELLO_LEN end
  if buffer:len() < HEAD_LEN then return nil end
  local len, kind = buffer(0, 4):le_uint(), buffer(4, 1):uint()
  if len > MAX_BODY or kind > 3 or buffer(6, 2):uint() ~= 0 then return 0 end
  return HEAD_LEN + len
end

function tyet.dissector(buffer, pinfo, root)
  local at, info = 0, {}
  pinfo.cols.protocol = "tyet"
  while at < buffer:len() do
    local rest = buffer(at):tvb()
    local len = length_of(rest)
    if len == 0 then
      root:add(tyet, rest(), "sealed, or not of tyet: " .. rest:len() .. " bytes")
      info[#info + 1] = "sealed"
      break
    elseif len == nil or len > rest:len() then
      pinfo.desegment_offset = at
      pinfo.desegment_len = len and len - rest:len() or DESEGMENT_ONE_MORE_SEGMENT
      break
    elseif is_hello(rest) then
      hello(rest, root, info)
    else
      record(rest, len - HEAD_LEN, root, info)
    end
    at = at + len
  end
  pinfo.cols.info = table.concat(info, ", ")
  return buffer:len()
end

tyet:register_heuristic("tcp", function (buffer, pinfo, root)
  if not is_hello(buffer) then return false end
  pinfo.conversation = tyet
  tyet.dissector(buffer, pinfo, root)
  return true
end)
