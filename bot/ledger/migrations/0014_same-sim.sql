ALTER TABLE "lines" ADD COLUMN "sim_ref" text;--> statement-breakpoint
ALTER TABLE "lines" ADD COLUMN "sim_named" boolean DEFAULT false NOT NULL;--> statement-breakpoint
CREATE INDEX "lines_of_sim" ON "lines" USING btree ("sim_ref") WHERE "lines"."sim_ref" is not null;--> statement-breakpoint
CREATE INDEX "purchases_of_conversation" ON "purchases" USING btree ("conversation_id","created_at" DESC NULLS FIRST);