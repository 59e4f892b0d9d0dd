CREATE TABLE "erasures" (
	"id" text PRIMARY KEY NOT NULL,
	"identity_ref" text NOT NULL,
	"line_ids" text[] NOT NULL,
	"conversation_ids" text[] NOT NULL,
	"asked_at" timestamp with time zone NOT NULL,
	"done_at" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "line_links" (
	"id" text PRIMARY KEY NOT NULL,
	"identity_ref" text NOT NULL,
	"line_id" text NOT NULL,
	"state" text NOT NULL,
	"reason" text,
	"method" text NOT NULL,
	"source" text NOT NULL,
	"label_sealed" text,
	"proved_at" timestamp with time zone NOT NULL,
	"expires_at" timestamp with time zone,
	"young_until" timestamp with time zone,
	"created_at" timestamp with time zone NOT NULL,
	"changed_at" timestamp with time zone NOT NULL,
	CONSTRAINT "line_links_state" CHECK ("line_links"."state" in ('active', 'blocked', 'unlinked')),
	CONSTRAINT "line_links_method" CHECK ("line_links"."method" in ('whatsapp', 'code', 'cpid', 'directory', 'pin')),
	CONSTRAINT "line_links_reason" CHECK ("line_links"."state" <> 'blocked' or "line_links"."reason" in ('sim-swap', 'number-change', 'recycled', 'objected', 'operator'))
);
--> statement-breakpoint
CREATE TABLE "line_tokens" (
	"ref" text PRIMARY KEY NOT NULL,
	"line_id" text NOT NULL,
	"obtained_at" timestamp with time zone NOT NULL,
	"expires_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "link_events" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "link_events_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"link_id" text NOT NULL,
	"identity_ref" text NOT NULL,
	"line_id" text NOT NULL,
	"what" text NOT NULL,
	"by" text NOT NULL,
	"method" text,
	"at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "proof_codes" (
	"id" text PRIMARY KEY NOT NULL,
	"identity_ref" text NOT NULL,
	"conversation_id" text NOT NULL,
	"number_sealed" text NOT NULL,
	"language" text NOT NULL,
	"operator" text,
	"code_ref" text,
	"tries" integer DEFAULT 0 NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	"expires_at" timestamp with time zone NOT NULL,
	"used_at" timestamp with time zone,
	"ended_at" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "proof_limits" (
	"ref" text PRIMARY KEY NOT NULL,
	"times" timestamp with time zone[] NOT NULL
);
--> statement-breakpoint
ALTER TABLE "links" ALTER COLUMN "line_id" DROP NOT NULL;--> statement-breakpoint
ALTER TABLE "conversations" ADD COLUMN "identity_ref" text;--> statement-breakpoint
ALTER TABLE "links" ADD COLUMN "version" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "line_links" ADD CONSTRAINT "line_links_identity_ref_links_ref_fk" FOREIGN KEY ("identity_ref") REFERENCES "public"."links"("ref") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "line_links" ADD CONSTRAINT "line_links_line_id_lines_id_fk" FOREIGN KEY ("line_id") REFERENCES "public"."lines"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "line_tokens" ADD CONSTRAINT "line_tokens_line_id_lines_id_fk" FOREIGN KEY ("line_id") REFERENCES "public"."lines"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "line_links_once" ON "line_links" USING btree ("identity_ref","line_id");--> statement-breakpoint
CREATE INDEX "line_links_of_line" ON "line_links" USING btree ("line_id");--> statement-breakpoint
CREATE INDEX "line_links_expiring" ON "line_links" USING btree ("expires_at") WHERE "line_links"."state" = 'active';--> statement-breakpoint
CREATE INDEX "line_tokens_of_line" ON "line_tokens" USING btree ("line_id");--> statement-breakpoint
CREATE INDEX "link_events_of_link" ON "link_events" USING btree ("link_id","id");--> statement-breakpoint
CREATE INDEX "proof_codes_newest" ON "proof_codes" USING btree ("identity_ref","created_at" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "proof_codes_old" ON "proof_codes" USING btree ("created_at");--> statement-breakpoint
CREATE INDEX "conversations_of_identity" ON "conversations" USING btree ("identity_ref","active_at" DESC NULLS FIRST);--> statement-breakpoint
INSERT INTO "line_links" ("id", "identity_ref", "line_id", "state", "method", "source", "proved_at", "created_at", "changed_at")
SELECT gen_random_uuid()::text, "ref", "line_id", 'active', 'directory', "source", "changed_at", "created_at", "changed_at" FROM "links";--> statement-breakpoint
INSERT INTO "link_events" ("link_id", "identity_ref", "line_id", "what", "by", "method", "at")
SELECT "id", "identity_ref", "line_id", 'linked', 'directory', 'directory', "proved_at" FROM "line_links";
