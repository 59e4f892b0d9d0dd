CREATE TABLE "deliveries" (
	"id" text PRIMARY KEY NOT NULL,
	"channel" text NOT NULL,
	"conversation_id" text,
	"about" text,
	"state" text NOT NULL,
	"code" text,
	"resend" boolean NOT NULL,
	"sent_at" timestamp with time zone NOT NULL,
	"state_at" timestamp with time zone NOT NULL,
	CONSTRAINT "deliveries_state" CHECK ("deliveries"."state" in ('sent', 'failed', 'delivered', 'read'))
);
--> statement-breakpoint
CREATE INDEX "deliveries_by_age" ON "deliveries" USING btree ("sent_at");--> statement-breakpoint
CREATE INDEX "deliveries_to_resend" ON "deliveries" USING btree ("state_at") WHERE "deliveries"."resend" and "deliveries"."about" is not null;