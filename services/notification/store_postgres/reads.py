"""Reading what people are told: one statement each."""

MARKER = "SELECT last_read_id, update_time FROM read_markers WHERE user_id = $1"
