ALTER TABLE "short_lived" ALTER COLUMN "value" DROP NOT NULL;--> statement-breakpoint
ALTER TABLE "short_lived" ADD COLUMN "value_sealed" text;