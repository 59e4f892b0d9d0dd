ALTER TABLE "nudges" ADD COLUMN "offers" jsonb;--> statement-breakpoint
CREATE INDEX "purchases_by_time" ON "purchases" USING btree ("created_at" DESC NULLS FIRST,"id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "purchases_by_confirmation_code" ON "purchases" USING btree ("confirmation_code");