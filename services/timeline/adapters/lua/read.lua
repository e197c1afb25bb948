-- Reads a page of a feed, newest first, and keeps feed, hidden actors and note alive.
-- KEYS: feed, hidden, note. ARGV: bytes of the id to stay below, limit, seconds to live at least,
-- seconds to live from now on where less are left.
-- Returns {0} if missing, {1} if being built, else {2, entries in one string, exhausted, note}.
local top = redis.call('ZRANGE', KEYS[1], -1, -1)[1]
if not top then return {0} end
if string.byte(top) == 255 then return {1} end

local limit = tonumber(ARGV[2])
local found = redis.call(
  'ZRANGE', KEYS[1], '(' .. ARGV[1], '-', 'BYLEX', 'REV', 'LIMIT', 0, limit + 1)
local exhausted = 0
if #found > 0 and #found[#found] == 8 then
  found[#found] = nil
  exhausted = 1
elseif #found > limit then
  found[#found] = nil
end

-- Not at every read: what it is set to is more than what is promised.
if redis.call('TTL', KEYS[1]) < tonumber(ARGV[3]) then
  for _, key in ipairs(KEYS) do redis.call('EXPIRE', key, ARGV[4]) end
end
return {2, table.concat(found), exhausted, redis.call('GET', KEYS[3]) or ''}
