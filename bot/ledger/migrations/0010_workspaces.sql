ALTER TABLE "conversations" ADD COLUMN "workspace_ref" text;--> statement-breakpoint
CREATE INDEX "conversations_of_workspace" ON "conversations" USING btree ("workspace_ref");--> statement-breakpoint
CREATE INDEX "outbox_owed_to" ON "outbox" USING btree ("conversation_id") WHERE "outbox"."done_at" is null;