-- Replaces the note of a feed that exists. KEYS: feed, note. ARGV: note, seconds to live.
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
redis.call('SET', KEYS[2], ARGV[1], 'EX', ARGV[2])
return 1
