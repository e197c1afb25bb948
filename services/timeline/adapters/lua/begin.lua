-- Starts to build a feed: from now on it exists, and takes what is added.
-- KEYS: feed, note. ARGV: builder (16 bytes), milliseconds to build in, '1' to rebuild.
-- Returns 0 if another builder builds it, 1 if it is ready already, 2 if it is this builder's now.
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local top = redis.call('ZRANGE', KEYS[1], -1, -1)[1]
if top and ARGV[3] ~= '1' then
  if string.byte(top) ~= 255 then return 1 end
  if string.sub(top, 2, 17) ~= ARGV[1] and struct.unpack('>I8', top, 18) > now then return 0 end
end

-- What was added before is in the Post service, which the builder reads after this.
redis.call('DEL', KEYS[1], KEYS[2])
redis.call('ZADD', KEYS[1], 0, '\255' .. ARGV[1] .. struct.pack('>I8', now + ARGV[2]))
redis.call('PEXPIRE', KEYS[1], ARGV[2] * 6)
return 2
