-- When the last try of a delivery began: a provider is asked about it no sooner than it can know, and a clock that
-- was set back while tocsin was not running shows by tries of the future.
-- `interrupted` counts from here on: the tries that may have arrived.
ALTER TABLE deliveries ADD COLUMN tried_at REAL;
UPDATE deliveries SET tried_at = first_try_at;
