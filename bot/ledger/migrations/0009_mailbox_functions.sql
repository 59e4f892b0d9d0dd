-- What the mailbox and the live logs do in one round trip each. Every statement in a function sees what was committed before
-- it began, which one statement with many parts does not. Processes of two versions run side by side during a deploy: a
-- function that comes to mean something else gets a new name.

-- True when taken, false when this event was seen before.
create function mailbox_deliver(p_conversation text, p_ref text, p_entry text, p_seen_ms float8) returns boolean
language plpgsql as $$
begin
  insert into mailbox_seen as seen (ref, ends_at) values (p_ref, now() + p_seen_ms * interval '1 millisecond')
    on conflict (ref) do update set ends_at = excluded.ends_at where seen.ends_at <= now();
  if not found then return false; end if;
  -- Locks the row: who comes second to it gets the higher entry number.
  insert into mailboxes as box (conversation, waiting_since, due_at) values (p_conversation, now(), now())
    on conflict (conversation) do update
      set waiting_since = coalesce(box.waiting_since, now()), due_at = coalesce(box.due_at, now());
  insert into mailbox_entries (conversation, entry_sealed) values (p_conversation, p_entry);
  return true;
end $$;
--> statement-breakpoint

-- Leases up to p_limit conversations that are due, the longest due first, each with its oldest p_slice entries.
create function mailbox_claim(p_limit int, p_lease_ms float8, p_slice int)
returns table (conversation text, lease text, starts int, throws int, failures int, session_sealed text, ids text[], entries text[])
language plpgsql as $$
#variable_conflict use_column
declare
  box record;
begin
  for box in
    select conversation from mailboxes where due_at <= now() order by due_at limit p_limit for update skip locked
  loop
    select array_agg(oldest.id::text order by oldest.id), array_agg(oldest.entry_sealed order by oldest.id)
      into ids, entries
      from (select id, entry_sealed from mailbox_entries where conversation = box.conversation order by id limit p_slice) oldest;
    if ids is null then
      update mailboxes set waiting_since = null, due_at = null, lease = null, starts = 0, throws = 0, failures = 0
        where conversation = box.conversation;
      continue;
    end if;
    update mailboxes as m
      set lease = nextval('mailbox_lease'), starts = m.starts + 1, due_at = now() + p_lease_ms * interval '1 millisecond'
      where m.conversation = box.conversation
      returning m.conversation, m.lease::text, m.starts, m.throws, m.failures,
        case when m.session_ends_at > now() then m.session_sealed end
      into conversation, lease, starts, throws, failures, session_sealed;
    return next;
  end loop;
end $$;
--> statement-breakpoint

-- Removes an entry and saves the session in one step, unless another worker has the conversation by now. Asked again, because
-- the answer was lost, it changes nothing. 1 when entries are left, 0 when not, -1 when fenced off.
create function mailbox_commit(
  p_conversation text, p_lease bigint, p_entry bigint, p_session text, p_session_ms float8, p_dead boolean, p_release boolean,
  p_lease_ms float8
) returns int
language plpgsql as $$
declare
  removed text;
begin
  perform 1 from mailboxes where conversation = p_conversation and lease = p_lease for update;
  if not found then return -1; end if;
  delete from mailbox_entries where conversation = p_conversation and id = p_entry returning entry_sealed into removed;
  if found and p_dead then
    insert into mailbox_dead (conversation, entry_sealed) values (p_conversation, removed);
  end if;
  if found and p_session is not null then
    update mailboxes set session_sealed = p_session, session_ends_at = now() + p_session_ms * interval '1 millisecond'
      where conversation = p_conversation;
  end if;
  if exists (select from mailbox_entries where conversation = p_conversation) then
    update mailboxes
      set waiting_since = now(), throws = 0, failures = 0,
        starts = case when p_release then 0 else 1 end,
        lease = case when p_release then null else lease end,
        due_at = case when p_release then now() else now() + p_lease_ms * interval '1 millisecond' end
      where conversation = p_conversation;
    return 1;
  end if;
  update mailboxes set waiting_since = null, due_at = null, lease = null, starts = 0, throws = 0, failures = 0
    where conversation = p_conversation;
  return 0;
end $$;
--> statement-breakpoint

-- Gives a conversation back until p_delay_ms from now. Takes the start back, since it killed no worker, and counts the throw
-- unless something else is to blame (p_throws 0). False when fenced off.
create function mailbox_fail(p_conversation text, p_lease bigint, p_throws int, p_delay_ms float8) returns boolean
language plpgsql as $$
begin
  update mailboxes
    set starts = greatest(0, starts - 1), throws = throws + p_throws, failures = failures + 1, lease = null,
      due_at = now() + p_delay_ms * interval '1 millisecond'
    where conversation = p_conversation and lease = p_lease;
  return found;
end $$;
--> statement-breakpoint

-- Position of the new entry, or null when its id is in the log already. The newest p_entries are kept, and p_ids ids.
create function live_log_append(
  p_log text, p_id text, p_kind text, p_data text, p_ttl_ms float8, p_entries int, p_ids int
) returns text
language plpgsql as $$
declare
  at_ms bigint := floor(extract(epoch from now()) * 1000);
  ended boolean;
  place bigint;
begin
  -- A comfort, not a record: nobody waits for the disk.
  perform set_config('synchronous_commit', 'off', true);
  select ends_at <= now() into ended from live_logs where name = p_log for update;
  if ended then delete from live_log_entries where log = p_log; end if;
  -- Locks the row, and never goes back: a reader who is ahead of an entry would miss it.
  insert into live_logs as l (name, newest, ends_at) values (p_log, at_ms, now() + p_ttl_ms * interval '1 millisecond')
    on conflict (name) do update set newest = greatest(l.newest + 1, at_ms), ends_at = excluded.ends_at
    returning newest into place;
  insert into live_log_entries (log, position, id, kind, data_sealed) values (p_log, place, p_id, p_kind, p_data)
    on conflict (log, id) do nothing;
  if not found then return null; end if;
  update live_log_entries set data_sealed = null
    where log = p_log and data_sealed is not null and position <=
      (select e.position from live_log_entries e where e.log = p_log order by e.position desc offset p_entries limit 1);
  delete from live_log_entries
    where log = p_log and position <=
      (select e.position from live_log_entries e where e.log = p_log order by e.position desc offset p_ids limit 1);
  return place::text;
end $$;
