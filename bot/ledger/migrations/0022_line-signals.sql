CREATE TABLE "line_signals" (
	"ref" text NOT NULL,
	"reason" text NOT NULL,
	"since" timestamp with time zone NOT NULL,
	CONSTRAINT "line_signals_ref_reason_pk" PRIMARY KEY("ref","reason"),
	CONSTRAINT "line_signals_reason" CHECK ("line_signals"."reason" in ('sim-swap', 'recycled', 'operator'))
);
--> statement-breakpoint
ALTER TABLE "line_links" ADD COLUMN "blocks" text[] DEFAULT '{}'::text[] NOT NULL;--> statement-breakpoint
CREATE INDEX "line_signals_old" ON "line_signals" USING btree ("since");