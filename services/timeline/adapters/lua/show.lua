-- Lets an actor's entries into a feed again, and disturbs a builder.
-- KEYS: feed, hidden. ARGV: actor (8 bytes), '1' if hidden for good does not count.
-- Returns 1 if the feed is ready and the actor's entries have to be merged into it.
if ARGV[2] ~= '1' and redis.call('ZSCORE', KEYS[2], ARGV[1]) == 'inf' then return 0 end
redis.call('ZREM', KEYS[2], ARGV[1])
local top = redis.call('ZRANGE', KEYS[1], -1, -1)[1]
if not top then return 0 end
if string.byte(top) == 255 then
  redis.call('ZREM', KEYS[1], top)
  redis.call('ZADD', KEYS[1], 0, '\255' .. string.rep('\0', 24))
  return 0
end
return 1
