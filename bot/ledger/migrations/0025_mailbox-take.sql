-- `mailbox_claim` counted a start as it leased, also where the worker had given up waiting for the answer: whatever waited while
-- the database was slow came to look like what kills its worker. `mailbox_take` says which start of its first entry it would be,
-- and the worker writes that down. `mailbox_claim` stays for processes of the release before, until none of them can run.

-- Leases up to p_limit conversations that are due, the longest due first, each with its oldest p_slice entries.
create function mailbox_take(p_limit int, p_lease_ms float8, p_slice int)
returns table (conversation text, lease text, starts int, throws int, failures int, session_sealed text, ids text[], entries text[])
language plpgsql as $$
#variable_conflict use_column
declare
  box record;
begin
  for box in
    select conversation, lease is not null as abandoned from mailboxes
      where due_at <= now() order by due_at limit p_limit for update skip locked
  loop
    select array_agg(oldest.id::text order by oldest.id), array_agg(oldest.entry_sealed order by oldest.id)
      into ids, entries
      from (select id, entry_sealed from mailbox_entries where conversation = box.conversation order by id limit p_slice) oldest;
    if ids is null then
      update mailboxes set waiting_since = null, due_at = null, lease = null, starts = 0, throws = 0, failures = 0
        where conversation = box.conversation;
      continue;
    end if;
    -- The first start is not written down: a lease that nobody gave back tells of it.
    update mailboxes as m
      set lease = nextval('mailbox_lease'), due_at = now() + p_lease_ms * interval '1 millisecond'
      where m.conversation = box.conversation
      returning m.conversation, m.lease::text, greatest(m.starts, box.abandoned::int) + 1, m.throws, m.failures,
        case when m.session_ends_at > now() then m.session_sealed end
      into conversation, lease, starts, throws, failures, session_sealed;
    return next;
  end loop;
end $$;
