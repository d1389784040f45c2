/* tests/bench/bench.h: what the files of tyet-bench share.
 *
 * The program is its own crew: the parent reads the options and measures, its children are the same program, one
 * process a member (member.c) or a bare TCP peer (raw.c). Parent and child speak in lines over two pipes:
 *
 *   to the child             from the child
 *                            at ADDRESS
 *   found                    in 1
 *   join ADDRESS             in N              once it is in a view
 *   peers PORT...            in N              raw only: the mesh stands
 *   expect N                 in N              when its view has N members
 *   go                                         begin to send
 *   mark                     mark ...          how far it is (BenchMark)
 *   stop                     sent N
 *   drain N...               done HASH         when it has had that many of each sender
 *   ping COUNT               pinged            raw: ping HOW COUNT
 *   locks, view, memory...   (see member.c)
 *   hist NAME                hist TEXT
 *   quit
 *
 * "fail WHY" may come at any time and ends the run.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* Every message begins with its sender's number and its own, from 1; where it is timed, the time follows. */
#define BENCH_HEAD_BYTES 16
#define BENCH_TIMED_BYTES 24
#define BENCH_MAX_MEMBERS 256

#define BENCH_ERROR (bench_error_quark ())
GQuark bench_error_quark (void);
typedef enum
{
  BENCH_ERROR_USAGE,
  BENCH_ERROR_FINDING /* something was lost, doubled, disordered, or went wrong */
} BenchError;

/* ---- Options (options.c) ---- */

typedef struct
{
  const char *command;
  const char *members_text;
  guint members, senders, reps, count, messages, rate, load, suspect_after_ms, from, groups, busy_poll_us;
  guint64 size, window;
  double seconds, warm_up, gap_ms;
  const char *service, *ordering, *seal, *channel, *verify, *how, *who, *simulated;
  gboolean table, instructions;
  const char **rest; /* what is no option; NULL-terminated */
} BenchOptions;

/* FALSE and BENCH_ERROR_USAGE if they make no sense. `argv` has to live on. */
gboolean bench_options_parse (BenchOptions *options, const char *command, int argc, char **argv, GError **error);
/* The options as arguments that give the same options again. (transfer full) */
char **bench_options_write (const BenchOptions *options);
void bench_options_help (const char *command);
void bench_prepare_seal (const BenchOptions *options);
gboolean bench_is_total (const BenchOptions *options);

/* ---- Values gathered (hist.c): logarithmic buckets of 1.6 %, of nanoseconds ---- */

typedef struct
{
  guint64 count;
  guint64 max;
  guint32 bucket[64 * 64];
} BenchHist;

void bench_hist_add (BenchHist *hist, guint64 ns);
/* The value that the share `q` of all values does not exceed. */
double bench_hist_at (const BenchHist *hist, double q);
void bench_hist_merge (BenchHist *into, const BenchHist *from);
char *bench_hist_write (const BenchHist *hist);
gboolean bench_hist_read (BenchHist *into, const char *text);

/* ---- One run's results, and rows made of them (row.c) ---- */

typedef enum
{
  BENCH_MESSAGES_PER_S,
  BENCH_BYTES_PER_S,
  BENCH_CPU_US_PER_MESSAGE,
  BENCH_CPU_S,
  BENCH_LOCKS_PER_S,
  BENCH_STOOD_STILL_US,
  BENCH_RSS_BYTES,
  BENCH_BYTES_PER_MESSAGE,
  BENCH_BYTES_PER_MEMBER,
  BENCH_BYTES_PER_GROUP,
  BENCH_BYTES_PER_PROCESS,
  BENCH_N_METRICS
} BenchMetric;

typedef enum
{
  BENCH_LATENCY,
  BENCH_FROM_DUE, /* the same, at a rate, from when the message was due */
  BENCH_ONE_WAY,
  BENCH_ROUND_TRIP,  /* of bare peers; from here on all or none: */
  BENCH_ASLEEP,      /* who sleep between any two records */
  BENCH_TO_ALL,      /* from one to all, and from the first to all */
  BENCH_BY_ALL,      /* and from all the others to all */
  BENCH_RAW_ONE_WAY, /* of those from one to all */
  BENCH_VIEW_CHANGE,
  BENCH_N_HISTS
} BenchHistId;

typedef struct
{
  double metric[BENCH_N_METRICS]; /* NAN: not measured */
  BenchHist *hist[BENCH_N_HISTS]; /* NULL: not measured */
} BenchSample;

BenchSample *bench_sample_new (void);
void bench_sample_free (BenchSample *sample);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BenchSample, bench_sample_free)

double bench_median (const double *values, guint n);

/* A row of results: fields in order. */
typedef struct _BenchRow BenchRow;
BenchRow *bench_row_new (const BenchOptions *options);
void bench_row_number (BenchRow *row, const char *name, double value);
void bench_row_string (BenchRow *row, const char *name, const char *value);
void bench_row_spread (BenchRow *row, const char *name, const double *values, guint n);
/* The medians of all repetitions with their extremes, and the merged histograms. */
void bench_row_samples (BenchRow *row, GPtrArray *samples);
/* Prints it, and frees. */
void bench_row_end (BenchRow *row);

/* On standard error, if that is a terminal. */
void bench_progress (const char *format, ...) G_GNUC_PRINTF (1, 2);

/* ---- The crew (crew.c) ---- */

typedef struct
{
  guint index;
  int pid; /* 0: gone */
  int to;
  int from;
  GString *heard;
  char *address;
} BenchChild;

typedef struct
{
  BenchOptions options;
  const char *kind;
  GPtrArray *children;
} BenchCrew;

typedef struct
{
  gint64 now_ns;
  guint64 delivered;
  gint64 cpu_us;
  guint64 rss_bytes;
  guint64 stood_still_us;
} BenchMark;

/* `n` children of a kind, "member" or "raw": each has said where it is, and nothing more. */
BenchCrew *bench_crew_new (const BenchOptions *options, const char *kind, guint n, GError **error);
void bench_crew_free (BenchCrew *crew);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BenchCrew, bench_crew_free)
BenchChild *bench_crew_add (BenchCrew *crew, GError **error);
BenchChild *bench_crew_at (BenchCrew *crew, guint i);
/* All of them in one group, or one mesh; their ranks are their places. */
gboolean bench_crew_assemble (BenchCrew *crew, GError **error);
/* FALSE and `error` if one fails meanwhile. */
gboolean bench_crew_watch (BenchCrew *crew, double seconds, GError **error);
/* How many messages there were from one mark to another, `n` marks each. */
typedef guint64 (*BenchCount) (const BenchMark *from, const BenchMark *to, guint n);
/* What the members have measured of latency so far does not count. */
gboolean bench_crew_clear (BenchCrew *crew, GError **error);
/* The warm-up, then the window that is measured, marked at both ends: as long as was asked, and longer until `count`
 * comes to what was asked, one at the least. FALSE and `error` if that takes a minute more. */
gboolean bench_crew_window (BenchCrew *crew, BenchCount count, BenchMark *from, BenchMark *to, GError **error);
gboolean bench_crew_tell (BenchCrew *crew, const char *line, GError **error);

gboolean bench_tell (BenchChild *child, GError **error, const char *format, ...) G_GNUC_PRINTF (3, 4);
/* What follows `word` on the next line. (transfer full) NULL if another line comes, or none for a minute. */
char *bench_hear (BenchChild *child, const char *word, GError **error);
gboolean bench_mark (BenchChild *child, BenchMark *mark, GError **error);
/* Adds the child's histogram of that name to `into`. */
gboolean bench_hear_hist (BenchChild *child, const char *name, BenchHist *into, GError **error);
/* Everyone stops, gets what was sent, and has had the same. */
gboolean bench_crew_settle (BenchCrew *crew, GError **error);
void bench_child_kill (BenchChild *child, int signal_number);

/* ---- The children ---- */

int bench_member_main (const BenchOptions *options, guint index);
int bench_raw_main (const BenchOptions *options, guint index);

/* ---- The measurements: one run each ---- */

typedef BenchSample *(*BenchRun) (const BenchOptions *options, GError **error);
BenchSample *bench_throughput (const BenchOptions *options, GError **error);
BenchSample *bench_raw (const BenchOptions *options, GError **error);
BenchSample *bench_latency (const BenchOptions *options, GError **error);
BenchSample *bench_locks (const BenchOptions *options, GError **error);
BenchSample *bench_view_change (const BenchOptions *options, GError **error);
BenchSample *bench_memory (const BenchOptions *options, GError **error);

/* Repeats it and prints a row. */
gboolean bench_repeat (const BenchOptions *options, GError **error);
gboolean bench_compare (const BenchOptions *options, GError **error);
gboolean bench_scale (const BenchOptions *options, GError **error);
BenchRun bench_run_of (const char *command);
