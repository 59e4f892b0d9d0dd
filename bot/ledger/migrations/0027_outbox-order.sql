DROP INDEX "outbox_due";--> statement-breakpoint
CREATE INDEX "outbox_order" ON "outbox" USING btree (("kind" in ('registration', 'withdrawal')),"due_at") WHERE "outbox"."done_at" is null;