CREATE TABLE "consents" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "consents_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"conversation_id" text NOT NULL,
	"type" text NOT NULL,
	"granted" boolean NOT NULL,
	"source" text NOT NULL,
	"at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "conversations" (
	"id" text PRIMARY KEY NOT NULL,
	"channel" text NOT NULL,
	"origin_sealed" text NOT NULL,
	"line_id" text,
	"locale" text,
	"timezone" text,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"active_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "lines" (
	"id" text PRIMARY KEY NOT NULL,
	"key_ref" text NOT NULL,
	"operator" text NOT NULL,
	"key_type" text NOT NULL,
	"key_sealed" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "lines_key_ref_unique" UNIQUE("key_ref")
);
--> statement-breakpoint
CREATE TABLE "nudges" (
	"id" text PRIMARY KEY NOT NULL,
	"operator" text NOT NULL,
	"transaction_id" text NOT NULL,
	"type" text NOT NULL,
	"line_id" text NOT NULL,
	"conversation_id" text NOT NULL,
	"plan_name" jsonb NOT NULL,
	"state" text NOT NULL,
	"reason" text,
	"created_at" timestamp with time zone NOT NULL,
	"finished_at" timestamp with time zone,
	CONSTRAINT "nudges_once" UNIQUE("operator","transaction_id")
);
--> statement-breakpoint
CREATE TABLE "outbox" (
	"id" text PRIMARY KEY NOT NULL,
	"kind" text NOT NULL,
	"subject" text NOT NULL,
	"conversation_id" text NOT NULL,
	"attempts" integer DEFAULT 0 NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	"due_at" timestamp with time zone NOT NULL,
	"done_at" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "purchase_moves" (
	"purchase_id" text NOT NULL,
	"move" integer NOT NULL,
	"state" text NOT NULL,
	"why" text NOT NULL,
	"at" timestamp with time zone NOT NULL,
	CONSTRAINT "purchase_moves_purchase_id_move_pk" PRIMARY KEY("purchase_id","move")
);
--> statement-breakpoint
CREATE TABLE "purchases" (
	"id" text PRIMARY KEY NOT NULL,
	"confirmation" text NOT NULL,
	"line_id" text NOT NULL,
	"conversation_id" text NOT NULL,
	"plan_id" text NOT NULL,
	"plan_name" jsonb NOT NULL,
	"price_amount" numeric NOT NULL,
	"price_currency" text NOT NULL,
	"fund_source" text NOT NULL,
	"context_sealed" text,
	"state" text NOT NULL,
	"moves" integer NOT NULL,
	"confirmation_code" text,
	"failure" text,
	"created_at" timestamp with time zone NOT NULL,
	"state_at" timestamp with time zone NOT NULL,
	CONSTRAINT "purchases_confirmation_unique" UNIQUE("confirmation"),
	CONSTRAINT "purchases_state" CHECK ("purchases"."state" in ('confirmed', 'submitting', 'processing', 'unknown', 'completed', 'failed'))
);
--> statement-breakpoint
ALTER TABLE "purchase_moves" ADD CONSTRAINT "purchase_moves_purchase_id_purchases_id_fk" FOREIGN KEY ("purchase_id") REFERENCES "public"."purchases"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "consents_newest" ON "consents" USING btree ("conversation_id","type","id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "conversations_of_line" ON "conversations" USING btree ("line_id","active_at" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "nudges_queued" ON "nudges" USING btree ("created_at") WHERE "nudges"."state" = 'queued';--> statement-breakpoint
CREATE UNIQUE INDEX "outbox_one_receipt" ON "outbox" USING btree ("subject") WHERE "outbox"."kind" = 'receipt';--> statement-breakpoint
CREATE UNIQUE INDEX "outbox_one_open" ON "outbox" USING btree ("kind","subject") WHERE "outbox"."done_at" is null;--> statement-breakpoint
CREATE INDEX "outbox_due" ON "outbox" USING btree ("due_at") WHERE "outbox"."done_at" is null;--> statement-breakpoint
CREATE INDEX "outbox_of_subject" ON "outbox" USING btree ("subject");--> statement-breakpoint
CREATE UNIQUE INDEX "purchases_one_open_per_line" ON "purchases" USING btree ("line_id") WHERE "purchases"."state" in ('confirmed', 'submitting', 'processing', 'unknown');--> statement-breakpoint
CREATE INDEX "purchases_of_line" ON "purchases" USING btree ("line_id","created_at" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "purchases_by_state" ON "purchases" USING btree ("state","state_at");