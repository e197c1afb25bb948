-- Adds the newest entries of one actor to a ready feed.
-- KEYS: feed, hidden. ARGV: entries in one string, newest first, '1' if the actor has no older
-- ones, how many entries to keep.
local top = redis.call('ZRANGE', KEYS[1], -1, -1)[1]
if not top or string.byte(top) == 255 then return 0 end
local lowest = redis.call('ZRANGE', KEYS[1], 0, 0)[1]
local gone = {}
for _, each in ipairs(redis.call('ZRANGE', KEYS[2], 0, -1)) do gone[each] = true end

for at = 1, #ARGV[1], 32 do
  local entry = string.sub(ARGV[1], at, at + 31)
  if not (gone[string.sub(entry, 9, 16)] or gone[string.sub(entry, 1, 16)]) then
    redis.call('ZADD', KEYS[1], 0, entry)
  end
end
redis.call('ZREMRANGEBYLEX', KEYS[1], '-', '(' .. lowest)
if ARGV[2] ~= '1' then
  -- The actor's older entries are missing, so the feed is not complete, and begins above them.
  redis.call('ZREMRANGEBYLEX', KEYS[1], '-', '(' .. string.sub(ARGV[1], -32))
end
local size = redis.call('ZCARD', KEYS[1])
if size > tonumber(ARGV[3]) then
  redis.call('ZREMRANGEBYRANK', KEYS[1], 0, size - ARGV[3] - 1)
end
return 1
