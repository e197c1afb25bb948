-- Adds an entry to a feed that exists.
-- KEYS: feed, hidden. ARGV: entry, how many entries to keep.
-- Returns 1 if it is in the feed now, 0 if the feed does not take it, -1 if there is no feed.
if redis.call('EXISTS', KEYS[1]) == 0 then return -1 end
local entry = ARGV[1]
local hidden = redis.call(
  'ZMSCORE', KEYS[2], string.sub(entry, 9, 16), string.sub(entry, 1, 16))
if hidden[1] or hidden[2] then return 0 end

if redis.call('ZADD', KEYS[1], 0, entry) == 0 then return 1 end
if redis.call('ZRANK', KEYS[1], entry) == 0 then
  -- Below the lowest: only a feed that is being built takes it.
  local top = redis.call('ZRANGE', KEYS[1], -1, -1)[1]
  if string.byte(top) ~= 255 then
    redis.call('ZREM', KEYS[1], entry)
    return 0
  end
end
if redis.call('ZCARD', KEYS[1]) > tonumber(ARGV[2]) then
  redis.call('ZPOPMIN', KEYS[1])
end
return 1
