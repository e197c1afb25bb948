-- Counts an attempt as failed on each tally, unless one of them is in its pause.
-- KEYS: tallies of one account. ARGV: now, and for each tally: attempts without a pause, the first
-- pause, the longest pause, when the tally is forgotten. Times in milliseconds.
-- Returns the milliseconds to wait, 0 if the attempt was counted; then the count of each tally.
local now, wait, counts = tonumber(ARGV[1]), 0, {}
for place, key in ipairs(KEYS) do
  local found = redis.call('HMGET', key, 'failures', 'opens')
  counts[place] = tonumber(found[1] or '0')
  wait = math.max(wait, tonumber(found[2] or '0') - now)
end
if wait <= 0 then
  wait = 0
  for place, key in ipairs(KEYS) do
    local free, first, longest, forget = unpack(ARGV, place * 4 - 2, place * 4 + 1)
    counts[place] = counts[place] + 1
    local pause, past = 0, counts[place] - free
    if past >= 0 then pause = math.min(longest, first * 2 ^ math.min(past, 30)) end
    redis.call('HSET', key, 'failures', counts[place], 'opens', string.format('%.0f', now + pause))
    redis.call('PEXPIRE', key, forget)
  end
end
table.insert(counts, 1, math.ceil(wait))
return counts
