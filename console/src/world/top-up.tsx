import { useState } from 'preact/hooks';
import { money } from '../i18n/format.js';
import { useWords } from '../i18n/index.js';
import { Icon } from '../ui/icons.js';

/** What people usually add, by currency. */
const AMOUNTS: Readonly<Record<string, readonly string[]>> = {
  MYR: ['5', '10', '30'],
  PKR: ['100', '350', '1000'],
  GTQ: ['10', '25', '50'],
  THB: ['20', '50', '100'],
  NOK: ['49', '99', '199'],
  BDT: ['20', '50', '200'],
  BOB: ['5', '10', '20'],
};

const SENSIBLE = /^\d{1,7}(\.\d{1,2})?$/;

interface TopUpProps {
  currency: string;
  act: (operation: string, body: unknown) => void;
}

export function TopUp({ currency, act }: TopUpProps) {
  const words = useWords();
  const { t } = words;
  const [amount, setAmount] = useState('');
  const sensible = SENSIBLE.test(amount) && Number(amount) > 0;
  return (
    <div class="card" role="group" aria-labelledby="top-up-heading">
      <h3 id="top-up-heading">
        <Icon name="coin" />
        {t('world.top-up')}
      </h3>
      <div class="buttons">
        {(AMOUNTS[currency] ?? ['5', '10', '50']).map((preset) => (
          <button key={preset} type="button" class="button" onClick={() => act('top-up', { amount: preset })}>
            <bdi>{money(words, preset, currency)}</bdi>
          </button>
        ))}
        <form
          class="amount"
          onSubmit={(event) => {
            event.preventDefault();
            if (!sensible) return;
            act('top-up', { amount });
            setAmount('');
          }}
        >
          <input
            inputMode="decimal"
            dir="ltr"
            value={amount}
            placeholder={t('world.top-up-amount')}
            aria-label={t('world.top-up-amount')}
            onInput={({ currentTarget }) => setAmount(currentTarget.value.trim().replace(',', '.'))}
          />
          <button type="submit" class="button" disabled={!sensible}>
            {t('world.top-up-do')}
          </button>
        </form>
      </div>
    </div>
  );
}
