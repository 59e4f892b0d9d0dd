CREATE SEQUENCE "public"."mailbox_lease" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1;--> statement-breakpoint
CREATE TABLE "live_log_entries" (
	"log" text NOT NULL,
	"position" bigint NOT NULL,
	"id" text NOT NULL,
	"kind" text NOT NULL,
	"data_sealed" text,
	CONSTRAINT "live_log_entries_log_position_pk" PRIMARY KEY("log","position"),
	CONSTRAINT "live_log_ids" UNIQUE("log","id")
);
--> statement-breakpoint
CREATE TABLE "live_logs" (
	"name" text PRIMARY KEY NOT NULL,
	"newest" bigint NOT NULL,
	"ends_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "mailbox_dead" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "mailbox_dead_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"conversation" text NOT NULL,
	"entry_sealed" text NOT NULL,
	"at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "mailbox_entries" (
	"conversation" text NOT NULL,
	"id" bigint GENERATED ALWAYS AS IDENTITY (sequence name "mailbox_entries_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"entry_sealed" text NOT NULL,
	CONSTRAINT "mailbox_entries_conversation_id_pk" PRIMARY KEY("conversation","id")
);
--> statement-breakpoint
CREATE TABLE "mailbox_seen" (
	"ref" text PRIMARY KEY NOT NULL,
	"ends_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "mailboxes" (
	"conversation" text PRIMARY KEY NOT NULL,
	"waiting_since" timestamp with time zone,
	"due_at" timestamp with time zone,
	"lease" bigint,
	"starts" integer DEFAULT 0 NOT NULL,
	"throws" integer DEFAULT 0 NOT NULL,
	"failures" integer DEFAULT 0 NOT NULL,
	"session_sealed" text,
	"session_ends_at" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "short_lived" (
	"key" text PRIMARY KEY NOT NULL,
	"value" text NOT NULL,
	"ends_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
ALTER TABLE "live_log_entries" ADD CONSTRAINT "live_log_entries_log_live_logs_name_fk" FOREIGN KEY ("log") REFERENCES "public"."live_logs"("name") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "live_logs_ends" ON "live_logs" USING btree ("ends_at");--> statement-breakpoint
CREATE INDEX "mailbox_seen_ends" ON "mailbox_seen" USING btree ("ends_at");--> statement-breakpoint
CREATE INDEX "mailboxes_due" ON "mailboxes" USING btree ("due_at") WHERE "mailboxes"."due_at" is not null;--> statement-breakpoint
CREATE INDEX "mailboxes_session_ends" ON "mailboxes" USING btree ("session_ends_at") WHERE "mailboxes"."due_at" is null;--> statement-breakpoint
CREATE INDEX "short_lived_ends" ON "short_lived" USING btree ("ends_at");