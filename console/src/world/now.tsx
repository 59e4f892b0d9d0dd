import { compareDecimals } from '../../../bot/domain/money.js';
import { gaugeLevel, remainingShare } from '../../../bot/domain/quota.js';
import { dayAndTime, isUnlimited, money, planName, quantity } from '../i18n/format.js';
import { useWords } from '../i18n/index.js';
import type { Gauge, Plan, World } from './types.js';

/** Money and plans, now. */
export function Now({ world, timezone }: { world: World; timezone: string }) {
  const words = useWords();
  const { t } = words;
  const owes = compareDecimals(world.owed, '0') > 0;
  return (
    <div class="card now">
      <div class="purse">
        <p class="purse-label">{t('world.money')}</p>
        <p class="purse-money">
          <bdi>{money(words, world.money, world.currency)}</bdi>
        </p>
        <ul class="chips">
          <li class="chip">{t(`world.${world.persona.accountType}`)}</li>
          {owes && <li class="chip warn">{t('world.owed', { amount: money(words, world.owed, world.currency) })}</li>}
          {world.roaming && <li class="chip warn">{t('world.roaming')}</li>}
          {world.optedOut && <li class="chip warn">{t('world.opted-out')}</li>}
        </ul>
      </div>
      {world.plans.length === 0 && <p class="hint">{t('world.no-plans')}</p>}
      <ul class="plans">
        {world.plans.map((plan) => (
          <PlanView key={plan.planId} plan={plan} timezone={timezone} />
        ))}
      </ul>
    </div>
  );
}

function PlanView({ plan, timezone }: { plan: Plan; timezone: string }) {
  const { t, locale } = useWords();
  return (
    <li class="plan">
      <p class="plan-head">
        <bdi class="plan-name">{planName(plan.name)}</bdi>
        <span class="plan-until">
          {t('world.until', { date: dayAndTime(locale, Date.parse(plan.expiresAt), timezone) })}
        </span>
      </p>
      {plan.gauges.map((gauge) => (
        <Bar key={gauge.unit} gauge={gauge} name={plan.name} />
      ))}
    </li>
  );
}

function Bar({ gauge, name }: { gauge: Gauge; name: string }) {
  const words = useWords();
  const amounts = { unit: gauge.unit, quota: amountOf(gauge.quota), remaining: amountOf(gauge.remaining) };
  const share = remainingShare(amounts);
  const left = quantity(words, gauge.unit, gauge.remaining);
  const quota = quantity(words, gauge.unit, gauge.quota);
  const caption = isUnlimited(gauge.quota) ? left : words.t('world.left-of', { left, quota });
  return (
    <div class="bar" data-level={gaugeLevel(amounts)}>
      <div
        class="bar-track"
        role="meter"
        aria-label={name}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={Math.round(share * 100)}
        aria-valuetext={caption}
      >
        <span class="bar-fill" style={{ '--share': String(share) }} />
      </div>
      <bdi class="bar-caption">{caption}</bdi>
    </div>
  );
}

function amountOf(text: string): bigint | 'unlimited' {
  return isUnlimited(text) ? 'unlimited' : BigInt(text);
}
