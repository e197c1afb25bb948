-- Takes one token from a bucket (the generic cell rate algorithm, ITU-T I.371).
-- KEYS: the bucket. ARGV: now, milliseconds to fill one token, how many the bucket holds.
-- Returns the milliseconds until there is a token again; 0 if one was taken.
local now, each, size = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local full = math.max(now, tonumber(redis.call('GET', KEYS[1]) or '0')) + each
local wait = full - now - size * each
if wait > 0 then return math.ceil(wait) end
redis.call('SET', KEYS[1], string.format('%.3f', full), 'PX', math.ceil(full - now))
return 0
