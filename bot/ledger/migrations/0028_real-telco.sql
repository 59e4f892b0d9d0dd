CREATE TABLE "real_telco" (
	"only" boolean PRIMARY KEY DEFAULT true NOT NULL,
	"since" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "real_telco_only" CHECK ("real_telco"."only")
);
