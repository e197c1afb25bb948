-- Makes a feed ready, if its builder was not disturbed.
-- KEYS: feed, hidden, note. ARGV: builder, entries in one string, newest first, '1' if complete,
-- hidden actors in one string, note, how many entries to keep, seconds to live.
-- Returns the number of entries, or -1 if the builder was disturbed.
local top = redis.call('ZRANGE', KEYS[1], -1, -1)[1]
if not top or string.sub(top, 1, 17) ~= '\255' .. ARGV[1] then return -1 end
redis.call('ZREM', KEYS[1], top)

for at = 1, #ARGV[4], 8 do
  redis.call('ZADD', KEYS[2], '+inf', string.sub(ARGV[4], at, at + 7))
end
for at = 1, #ARGV[2], 32 do
  redis.call('ZADD', KEYS[1], 0, string.sub(ARGV[2], at, at + 31))
end
local gone = {}
for _, each in ipairs(redis.call('ZRANGE', KEYS[2], 0, -1)) do gone[each] = true end
if next(gone) then
  for _, each in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
    if gone[string.sub(each, 9, 16)] or gone[string.sub(each, 1, 16)] then
      redis.call('ZREM', KEYS[1], each)
    end
  end
end

if ARGV[3] == '1' then
  redis.call('ZADD', KEYS[1], 0, string.rep('\0', 8))
else
  -- Nothing is known of what lies below the entries read, apart from single late arrivals.
  redis.call('ZREMRANGEBYLEX', KEYS[1], '-', '(' .. string.sub(ARGV[2], -32))
end
local size = redis.call('ZCARD', KEYS[1])
if size > tonumber(ARGV[6]) then
  redis.call('ZREMRANGEBYRANK', KEYS[1], 0, size - ARGV[6] - 1)
end
redis.call('SET', KEYS[3], ARGV[5], 'EX', ARGV[7])
redis.call('EXPIRE', KEYS[1], ARGV[7])
redis.call('EXPIRE', KEYS[2], ARGV[7])
return redis.call('ZLEXCOUNT', KEYS[1], '(' .. string.rep('\0', 8), '+')
