-- Subtracts an attempt that was right, or was never compared, and ends the pause that it started.
-- KEYS: tallies of one account.
for _, key in ipairs(KEYS) do
  local failures = tonumber(redis.call('HGET', key, 'failures') or '0') - 1
  if failures > 0 then
    redis.call('HSET', key, 'failures', failures, 'opens', 0)
  else
    redis.call('DEL', key)
  end
end
return 0
