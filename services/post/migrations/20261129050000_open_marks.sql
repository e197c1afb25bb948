-- What is counted is what everybody may see. Each like, repost, reply and quote is marked as open
-- where that is so: a public post, or a response, of an account that is not protected. A quote in a
-- reply is not open, since who may read a reply depends on others.
--
-- New columns with a constant default rewrite no table.

-- migrate:up

ALTER TABLE likes ADD COLUMN open boolean NOT NULL DEFAULT true;
ALTER TABLE reposts ADD COLUMN open boolean NOT NULL DEFAULT true;
ALTER TABLE replies ADD COLUMN open boolean NOT NULL DEFAULT true;
ALTER TABLE quotes ADD COLUMN open boolean NOT NULL DEFAULT true;

-- Which accounts are protected, as far as the marks follow it. Shard key: user_id. Accounts that
-- never were protected have no row. `update_time` is that of the profile that said so, so that an
-- older one changes nothing.
CREATE TABLE account_protections (
  user_id bigint PRIMARY KEY,
  protected boolean NOT NULL,
  update_time timestamptz NOT NULL,
  -- Whether all that the account contributed is marked accordingly.
  settled boolean NOT NULL DEFAULT false
);

-- migrate:down

DROP TABLE account_protections;
ALTER TABLE quotes DROP COLUMN open;
ALTER TABLE replies DROP COLUMN open;
ALTER TABLE reposts DROP COLUMN open;
ALTER TABLE likes DROP COLUMN open;
