-- Takes an actor's entries out of a feed and keeps them out, and disturbs a builder.
-- KEYS: feed, hidden. ARGV: actor (8 bytes), milliseconds to hide or '+inf', seconds to live.
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local till = ARGV[2]
if till ~= '+inf' then till = now + till end
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)
redis.call('ZADD', KEYS[2], 'GT', till, ARGV[1])
redis.call('EXPIRE', KEYS[2], ARGV[3])

local top = redis.call('ZRANGE', KEYS[1], -1, -1)[1]
if not top then return 0 end
if string.byte(top) == 255 then
  redis.call('ZREM', KEYS[1], top)
  redis.call('ZADD', KEYS[1], 0, '\255' .. string.rep('\0', 24))
end
local went = 0
for _, each in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  if string.sub(each, 9, 16) == ARGV[1] then
    went = went + redis.call('ZREM', KEYS[1], each)
  end
end
return went
