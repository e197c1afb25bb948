-- Takes an entry out of a feed that exists, and keeps it out for a while.
-- KEYS: feed, hidden. ARGV: entry, milliseconds to hide, seconds to live.
-- Returns how many entries went.
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)
redis.call('ZADD', KEYS[2], now + ARGV[2], string.sub(ARGV[1], 1, 16))
redis.call('EXPIRE', KEYS[2], ARGV[3])
return redis.call('ZREM', KEYS[1], ARGV[1])
