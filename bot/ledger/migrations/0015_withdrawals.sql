CREATE TABLE "suppressions" (
	"ref" text PRIMARY KEY NOT NULL,
	"since" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "withdrawals" (
	"id" text PRIMARY KEY NOT NULL,
	"line_id" text NOT NULL,
	"operator" text NOT NULL,
	"key_type" text NOT NULL,
	"key_sealed" text NOT NULL,
	"created_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
ALTER TABLE "erasures" ADD COLUMN "alias_ref" text;