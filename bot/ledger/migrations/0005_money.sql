CREATE TABLE "operator_tasks" (
	"id" text PRIMARY KEY NOT NULL,
	"kind" text NOT NULL,
	"subject" text NOT NULL,
	"about" text NOT NULL,
	"opened_at" timestamp with time zone NOT NULL,
	"alerted_at" timestamp with time zone,
	"resolved_at" timestamp with time zone,
	"resolution" text,
	"note_sealed" text
);
--> statement-breakpoint
CREATE TABLE "quarantined_callbacks" (
	"ref" text PRIMARY KEY NOT NULL,
	"operator" text NOT NULL,
	"reason" text NOT NULL,
	"callback_sealed" text NOT NULL,
	"times" integer NOT NULL,
	"first_at" timestamp with time zone NOT NULL,
	"last_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "telco_pauses" (
	"telco" text PRIMARY KEY NOT NULL,
	"until" timestamp with time zone NOT NULL
);
--> statement-breakpoint
ALTER TABLE "purchase_moves" ADD COLUMN "source" text;--> statement-breakpoint
ALTER TABLE "purchase_moves" ADD COLUMN "said" text;--> statement-breakpoint
ALTER TABLE "purchase_moves" ADD COLUMN "note_sealed" text;--> statement-breakpoint
ALTER TABLE "purchases" ADD COLUMN "posts" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "purchases" ADD COLUMN "posted_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "purchases" ADD COLUMN "snapshot_sealed" text;--> statement-breakpoint
ALTER TABLE "purchases" ADD COLUMN "checks" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "purchases" ADD COLUMN "check_at" timestamp with time zone;--> statement-breakpoint
CREATE UNIQUE INDEX "operator_tasks_one_open" ON "operator_tasks" USING btree ("kind","subject") WHERE "operator_tasks"."resolved_at" is null;--> statement-breakpoint
CREATE INDEX "operator_tasks_open" ON "operator_tasks" USING btree ("opened_at") WHERE "operator_tasks"."resolved_at" is null;--> statement-breakpoint
CREATE INDEX "quarantined_callbacks_age" ON "quarantined_callbacks" USING btree ("last_at");--> statement-breakpoint
CREATE INDEX "purchases_to_check" ON "purchases" USING btree ("check_at") WHERE "purchases"."check_at" is not null;