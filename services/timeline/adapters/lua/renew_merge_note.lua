-- Replaces a feed's note if it is the one that was seen.
-- KEYS: feed, note. ARGV: note seen, new note, seconds to live. Returns 1 if it did.
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
if (redis.call('GET', KEYS[2]) or '') ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[2], ARGV[2], 'EX', ARGV[3])
return 1
