-- Stores a background task for users who were deleted before the worker removed what names them.

-- migrate:up

INSERT INTO chores (chore, user_id, create_time)
SELECT 'remove_edges', id, now() FROM users WHERE delete_time IS NOT NULL AND handle <> ''
ON CONFLICT DO NOTHING;
UPDATE sessions SET device_name = '' WHERE revoke_time IS NOT NULL AND device_name <> '';

-- migrate:down
