/* Limits client connections at the edge: a Proxy-Wasm network filter in front of HTTP.

   Each address (an IPv4 address, or an IPv6 /64) has a limit of connections. A connection that sends
   nothing for some seconds is closed. When nearly all places are taken, each new connection closes
   the one that has been silent the longest, or idle the longest.

   The configuration is four numbers: all connections, those of one address, the seconds to the
   first byte, and the seconds without a byte after which a connection counts as idle.

   Envoy has one instance of this module for each worker thread. They share the counts. ABI:
   https://github.com/proxy-wasm/spec/tree/main/abi-versions/v0.2.1 */

typedef unsigned char u8;
typedef unsigned int u32;

#define HOST(name) __attribute__((import_module("env"), import_name(#name)))
#define EXPORT(name) __attribute__((export_name(#name)))

HOST(proxy_get_buffer_bytes) u32 proxy_get_buffer_bytes(u32 buffer, u32 start, u32 size, u8 **data, u32 *length);
HOST(proxy_get_property) u32 proxy_get_property(const char *path, u32 length, u8 **data, u32 *size);
HOST(proxy_get_shared_data) u32 proxy_get_shared_data(const void *key, u32 length, u8 **data, u32 *size, u32 *version);
HOST(proxy_set_shared_data) u32 proxy_set_shared_data(const void *key, u32 length, const void *data, u32 size, u32 version);
HOST(proxy_get_current_time_nanoseconds) u32 proxy_get_current_time_nanoseconds(unsigned long long *time);
HOST(proxy_set_tick_period_milliseconds) u32 proxy_set_tick_period_milliseconds(u32 period);
HOST(proxy_set_effective_context) u32 proxy_set_effective_context(u32 context);
HOST(proxy_close_stream) u32 proxy_close_stream(u32 stream);
HOST(proxy_define_metric) u32 proxy_define_metric(u32 type, const char *name, u32 length, u32 *metric);
HOST(proxy_increment_metric) u32 proxy_increment_metric(u32 metric, long long by);

enum { OK = 0, CAS_MISMATCH = 8 };               /* status of a host's function */
enum { CONTINUE = 0, STOP = 1 };                 /* results of a filter */
enum { PLUGIN_CONFIGURATION = 7, DOWNSTREAM = 2, COUNTER = 0 };

#define TICK_MILLISECONDS 250
#define ADDRESSES 65536 /* counts; a secret seed decides which addresses share one */
#define PLACES 32768    /* of a worker; a connection without one is counted, but not closed here */
#define NONE 0          /* no place */

static const u32 TOTAL = ADDRESSES, SEED = ADDRESSES + 1; /* keys beside those of the addresses */

static u32 most, most_of_one, silent_ticks, idle_ticks; /* the configuration */
static u32 seed, now;
static u32 refused_metric, silent_metric, shed_metric;

/* ------------------------------------------------------------------ connections of this worker */

struct place {
  u32 context, address, since; /* since: the tick of its last byte */
  u32 chain;                   /* the next one with the same low bits of its context; or of the free */
  u32 older, newer;            /* neighbours in the queue */
  struct queue *queue;         /* silent or spoken, until it is closed */
};

struct queue { u32 oldest, newest; };

static struct place places[PLACES + 1];
static u32 by_context[PLACES], unused, first_free;
static struct queue silent, spoken;

static void leave(u32 p) {
  struct place *it = &places[p];
  if (!it->queue) return;
  if (it->older) places[it->older].newer = it->newer; else it->queue->oldest = it->newer;
  if (it->newer) places[it->newer].older = it->older; else it->queue->newest = it->older;
  it->queue = 0;
}

static void join(u32 p, struct queue *queue) {
  struct place *it = &places[p];
  it->queue = queue;
  it->since = now;
  it->newer = NONE;
  it->older = queue->newest;
  if (queue->newest) places[queue->newest].newer = p; else queue->oldest = p;
  queue->newest = p;
}

static u32 *link_to(u32 context) {
  u32 *link = &by_context[context % PLACES];
  while (*link && places[*link].context != context) link = &places[*link].chain;
  return link;
}

static u32 take_place(u32 context, u32 address) {
  u32 p = first_free;
  if (p) first_free = places[p].chain;
  else if (unused < PLACES) p = ++unused;
  else return NONE;
  u32 *link = &by_context[context % PLACES];
  places[p].context = context;
  places[p].address = address;
  places[p].chain = *link;
  *link = p;
  join(p, &silent);
  return p;
}

/* ------------------------------------------------------------------ counts of all workers */

static u8 scratch[1024]; /* holds the last result of the host */

EXPORT(proxy_on_memory_allocate) u8 *proxy_on_memory_allocate(u32 size) {
  return size <= sizeof scratch ? scratch : 0;
}

static u32 shared(u32 key, u32 *version) {
  u8 *data;
  u32 size;
  *version = 0;
  if (proxy_get_shared_data(&key, sizeof key, &data, &size, version) != OK || size != sizeof(u32)) return 0;
  return *(u32 *)data;
}

static u32 change(u32 key, int by) {
  u32 version, count;
  do {
    count = shared(key, &version);
    count = by < 0 && count == 0 ? 0 : count + by;
  } while (proxy_set_shared_data(&key, sizeof key, &count, sizeof count, version) == CAS_MISMATCH);
  return count;
}

/* Returns the count's number for "1.2.3.4:5" (all but the port) or "[2001:db8::1]:5" (the first four
   groups, or those before "::", which are the same for nearly all addresses of a /64). */
static u32 address_of(const u8 *text, u32 size) {
  u32 hash = seed, colons = 0, begin = size && text[0] == '[', end = size;
  while (end && text[end - 1] != ':') end--;
  for (u32 i = begin; i + 1 < end; i++) {
    if (begin && text[i] == ':' && (++colons == 4 || text[i + 1] == ':')) break;
    hash = (hash ^ text[i]) * 16777619u; /* FNV-1a */
  }
  hash ^= hash >> 16;
  hash *= 2246822507u; /* mixes the low bits, as in MurmurHash3 */
  return (hash ^ hash >> 15) % ADDRESSES;
}

/* ------------------------------------------------------------------ what the host calls */

EXPORT(proxy_abi_version_0_2_1) void proxy_abi_version_0_2_1(void) {}
EXPORT(_initialize) void _initialize(void) {}

static u32 number(const u8 **text, const u8 *end) {
  u32 value = 0;
  while (*text < end && (**text < '0' || **text > '9')) ++*text;
  while (*text < end && **text >= '0' && **text <= '9') value = value * 10 + (*(*text)++ - '0');
  return value;
}

EXPORT(proxy_on_configure) u32 proxy_on_configure(u32 root, u32 size) {
  u8 *data;
  u32 length, version;
  unsigned long long time = 0;
  if (proxy_get_buffer_bytes(PLUGIN_CONFIGURATION, 0, size, &data, &length) != OK) return 0;
  const u8 *text = data;
  most = number(&text, data + length);
  most_of_one = number(&text, data + length);
  silent_ticks = number(&text, data + length) * 1000 / TICK_MILLISECONDS;
  idle_ticks = number(&text, data + length) * 1000 / TICK_MILLISECONDS;
  seed = shared(SEED, &version);
  if (!seed) { /* the instance of the main thread starts first */
    proxy_get_current_time_nanoseconds(&time);
    seed = (u32)(time ^ time >> 32) | 1;
    proxy_set_shared_data(&SEED, sizeof SEED, &seed, sizeof seed, 0);
  }
  proxy_define_metric(COUNTER, "edge_connections.refused", 24, &refused_metric);
  proxy_define_metric(COUNTER, "edge_connections.silent", 23, &silent_metric);
  proxy_define_metric(COUNTER, "edge_connections.shed", 21, &shed_metric);
  proxy_set_tick_period_milliseconds(TICK_MILLISECONDS);
  return most && most_of_one && silent_ticks && idle_ticks;
}

static void close_oldest(struct queue *queue, u32 metric) {
  u32 p = queue->oldest;
  leave(p); /* first: closing may call back */
  proxy_increment_metric(metric, 1);
  proxy_set_effective_context(places[p].context);
  proxy_close_stream(DOWNSTREAM);
}

static u32 waited(const struct queue *queue, u32 ticks) {
  return queue->oldest && now - places[queue->oldest].since >= ticks;
}

/* Closes a connection when 15 of 16 places are taken; the rest is for simultaneous ones. */
static void make_room(u32 total) {
  if (total < most - most / 16) return;
  if (waited(&silent, 1)) close_oldest(&silent, shed_metric);
  else if (waited(&spoken, idle_ticks)) close_oldest(&spoken, shed_metric);
}

EXPORT(proxy_on_new_connection) u32 proxy_on_new_connection(u32 context) {
  static const char SOURCE[] = "source\0address";
  u8 *text;
  u32 size, p;
  if (proxy_get_property(SOURCE, sizeof SOURCE - 1, &text, &size) != OK) size = 0;
  u32 address = address_of(text, size);
  if (!(p = take_place(context, address))) return CONTINUE;
  u32 held = change(address, 1), total = change(TOTAL, 1);
  if (held > most_of_one) {
    leave(p);
    proxy_increment_metric(refused_metric, 1);
    proxy_close_stream(DOWNSTREAM);
    return STOP;
  }
  make_room(total);
  proxy_set_effective_context(context);
  return CONTINUE;
}

static u32 on_bytes(u32 context, u32 size) {
  u32 p = *link_to(context);
  if (size && p && places[p].queue) {
    leave(p);
    join(p, &spoken);
  }
  return CONTINUE;
}

EXPORT(proxy_on_downstream_data) u32 proxy_on_downstream_data(u32 context, u32 size, u32 end) {
  return on_bytes(context, size);
}

EXPORT(proxy_on_upstream_data) u32 proxy_on_upstream_data(u32 context, u32 size, u32 end) {
  return on_bytes(context, size);
}

EXPORT(proxy_on_delete) void proxy_on_delete(u32 context) {
  u32 *link = link_to(context), p = *link;
  if (!p) return;
  leave(p);
  *link = places[p].chain;
  places[p].chain = first_free;
  first_free = p;
  change(places[p].address, -1);
  change(TOTAL, -1);
}

EXPORT(proxy_on_tick) void proxy_on_tick(u32 root) {
  now++;
  while (waited(&silent, silent_ticks)) close_oldest(&silent, silent_metric);
}
