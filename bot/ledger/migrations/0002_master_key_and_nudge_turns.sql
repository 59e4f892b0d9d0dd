CREATE TABLE "master_key" (
	"only" boolean PRIMARY KEY DEFAULT true NOT NULL,
	"ref" text NOT NULL,
	"since" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "master_key_only" CHECK ("master_key"."only")
);
--> statement-breakpoint
DROP INDEX "nudges_queued";--> statement-breakpoint
ALTER TABLE "nudges" ADD COLUMN "due_at" timestamp with time zone DEFAULT now() NOT NULL;--> statement-breakpoint
CREATE INDEX "nudges_queued" ON "nudges" USING btree ("due_at") WHERE "nudges"."state" = 'queued';