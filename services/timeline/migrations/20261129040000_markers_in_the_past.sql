-- Read markers that an earlier version took from the future.

-- migrate:up

-- Ids begin with the milliseconds since 2025. Such a marker made every later entry count as read; it
-- goes to this moment, before which nothing is unread to its owner either way.
UPDATE read_markers
SET last_read_entry_id = ((extract(epoch FROM now()) - 1735689600)::bigint * 1000) << 22
WHERE last_read_entry_id >> 22 > (extract(epoch FROM now()) - 1735689600 + 86400)::bigint * 1000;

-- migrate:down

SELECT 1; -- nothing to undo: where these markers stood before is of no use
