ALTER TABLE "mailbox_dead" ADD COLUMN "kind" text DEFAULT 'unknown' NOT NULL;--> statement-breakpoint
ALTER TABLE "mailbox_dead" ADD COLUMN "reason" text DEFAULT 'UNKNOWN' NOT NULL;--> statement-breakpoint
CREATE INDEX "mailbox_dead_of_conversation" ON "mailbox_dead" USING btree ("conversation");--> statement-breakpoint
CREATE INDEX "mailbox_dead_at" ON "mailbox_dead" USING btree ("at");