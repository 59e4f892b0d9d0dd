CREATE TABLE "reference_key" (
	"only" boolean PRIMARY KEY DEFAULT true NOT NULL,
	"key_sealed" text NOT NULL,
	"since" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "reference_key_only" CHECK ("reference_key"."only")
);
