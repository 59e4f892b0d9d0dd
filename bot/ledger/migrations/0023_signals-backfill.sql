UPDATE "line_links" SET "blocks" = ARRAY["reason"] WHERE "state" = 'blocked';--> statement-breakpoint
-- Given up while it was blocked: the trail says why it was.
UPDATE "line_links" l SET "blocks" = ARRAY[CASE
    WHEN last."by" ~ ':(sim-swap|recycled|operator)$' THEN substring(last."by" from '[^:]+$')
    WHEN last."by" = 'user' THEN 'objected'
    WHEN last."by" LIKE '%:moved' THEN 'number-change'
    ELSE 'operator' END]
  FROM "line_links" given CROSS JOIN LATERAL (
    SELECT e."what", e."by" FROM "link_events" e
    WHERE e."link_id" = given."id" AND e."what" IN ('linked', 'proved', 'blocked', 'unblocked')
    ORDER BY e."id" DESC LIMIT 1
  ) last
  WHERE given."state" = 'unlinked' AND l."id" = given."id" AND l."state" = 'unlinked' AND last."what" = 'blocked';--> statement-breakpoint
-- Of a line known by a token nothing is told: it may have been blocked because of another line of its user.
INSERT INTO "line_signals" ("ref", "reason", "since")
  SELECT CASE WHEN n."key_type" = 'MSISDN' THEN n."key_ref" ELSE n."sim_ref" END, b."reason", max(coalesce((
    SELECT max(e."at") FROM "link_events" e WHERE e."link_id" = l."id" AND e."what" = 'blocked'), l."changed_at"))
  FROM "line_links" l JOIN "lines" n ON n."id" = l."line_id" CROSS JOIN unnest(l."blocks") AS b("reason")
  WHERE b."reason" IN ('sim-swap', 'recycled', 'operator') AND (n."key_type" = 'MSISDN' OR n."sim_named")
  GROUP BY 1, 2
  ON CONFLICT ("ref", "reason") DO UPDATE SET "since" = greatest("line_signals"."since", excluded."since");
