/** Line icons on a 24 × 24 grid, drawn with the colour of the text around them. Decoration only: never the sole label. */
const PATHS = {
  send: 'M4 12 20 4l-5.5 16-3-6.5L4 12Zm7.5 1.5L20 4',
  menu: 'M5 5h5v5H5zM14 5h5v5h-5zM5 14h5v5H5zM14 14h5v5h-5z',
  gauge: 'M5.2 17a8 8 0 1 1 13.6 0M12 14l3.5-4.5',
  tag: 'M4 12.5V5a1 1 0 0 1 1-1h7.5L20 11.5 12.5 20 4 12.5ZM8.2 8.2h.01',
  receipt: 'M6 3.5h12V21l-3-2-3 2-3-2-3 2V3.5ZM9 8h6M9 12h6',
  coin: 'M12 20a8 8 0 1 0 0-16 8 8 0 0 0 0 16ZM12 8v8M9.5 10.2c0-2.6 5-2.6 5 0 0 2-5 1.6-5 3.7 0 2.5 5 2.5 5 0',
  settings:
    'M4 7h9M17 7h3M4 17h3M11 17h9M15 9.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5ZM9 19.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5Z',
  help: 'M12 20.5a8.5 8.5 0 1 0 0-17 8.5 8.5 0 0 0 0 17ZM9.7 9.5c.2-3 4.7-2.8 4.6 0 0 1.8-2.3 2-2.3 4M12 16.8h.01',
  down: 'M12 5v14M6 13l6 6 6-6',
  chevron: 'M7 10l5 5 5-5',
  chat: 'M4 5.5h16v11H9.5L5 20v-3.5H4v-11ZM8 9.5h8M8 12.8h5',
  world: 'M12 20.5a8.5 8.5 0 1 0 0-17 8.5 8.5 0 0 0 0 17ZM3.5 12h17M12 3.5c-5 5-5 12 0 17M12 3.5c5 5 5 12 0 17',
  pulse: 'M3 12h4l2.5-7 4.5 14 2.5-7H21',
  sun: 'M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8ZM12 3v2M12 19v2M3 12h2M19 12h2M5.6 5.6 7 7M17 17l1.4 1.4M18.4 5.6 17 7M7 17l-1.4 1.4',
  moon: 'M19.5 14.5A8 8 0 0 1 9.5 4.5a8 8 0 1 0 10 10Z',
  auto: 'M12 20.5a8.5 8.5 0 1 0 0-17 8.5 8.5 0 0 0 0 17ZM12 3.5v17M12 8l6-2M12 12h8M12 16l6 2',
  link: 'M13 5h6v6M19 5l-8.5 8.5M16 13.5V19H5V8h5.5',
  plug: 'M9 3v5M15 3v5M6.5 8h11v3.5a5.5 5.5 0 0 1-11 0V8ZM12 17v4',
  loop: 'M19 12a7 7 0 1 1-2.2-5.1M19 3.5V8h-4.5',
  tower:
    'M12 10v11M8.5 21h7M8.2 13.2a5 5 0 0 1 0-6.9M15.8 13.2a5 5 0 0 0 0-6.9M5.6 15.8a9 9 0 0 1 0-12M18.4 15.8a9 9 0 0 0 0-12',
  reply: 'M10 6 4 12l6 6M4.5 12H14a6 6 0 0 1 6 6',
  bell: 'M6 16.5V11a6 6 0 0 1 12 0v5.5l1.5 1.5h-15L6 16.5ZM10 20.5h4',
  box: 'M4 8l8-4 8 4v8l-8 4-8-4V8ZM4 8l8 4 8-4M12 12v8',
  check: 'M5 12.5 10 17.5 19.5 7',
  cross: 'M6 6l12 12M18 6 6 18',
  alert: 'M12 4 2.8 19.5h18.4L12 4ZM12 10v4.5M12 17.2h.01',
  info: 'M12 20.5a8.5 8.5 0 1 0 0-17 8.5 8.5 0 0 0 0 17ZM12 11v5M12 7.8h.01',
  pause: 'M8 5v14M16 5v14',
  play: 'M7 4.5 19 12 7 19.5v-15Z',
  trash: 'M5 7h14M10 7V4.5h4V7M7 7l1 13h8l1-13',
  flame:
    'M12 21a6.5 6.5 0 0 0 6.5-6.5c0-4-3.5-5.5-3.5-10-3 1.5-4 4-4 6-1-.5-1.5-1.5-1.5-2.5-2 1.5-4 3.7-4 6.5A6.5 6.5 0 0 0 12 21Z',
  cart: 'M3.5 4.5H6l2 11h9.5l2-8H6.8M9.5 19.5h.01M16.5 19.5h.01',
  list: 'M8.5 6.5h11M8.5 12h11M8.5 17.5h11M4.5 6.5h.01M4.5 12h.01M4.5 17.5h.01',
  phone: 'M8 2.5h8a1 1 0 0 1 1 1v17a1 1 0 0 1-1 1H8a1 1 0 0 1-1-1v-17a1 1 0 0 1 1-1ZM10.5 18.5h3',
  columns: 'M3.5 5h5v14h-5zM9.5 5h5v14h-5zM15.5 5h5v14h-5z',
  exit: 'M14 4.5H5.5v15H14M10 12h10.5M17 8.5l3.5 3.5-3.5 3.5',
  copy: 'M8.5 8.5h11v11h-11zM15.5 8.5v-4h-11v11h4',
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}

/** Refill's mark: a fuel gauge. */
export function Mark() {
  return (
    <svg class="mark" viewBox="0 0 32 32" aria-hidden="true">
      <path class="mark-dial" d="M7.6 21.5a9.7 9.7 0 1 1 16.8 0" />
      <path class="mark-needle" d="M16 17.6 21 11" />
      <circle class="mark-hub" cx="16" cy="17.8" r="2.6" />
    </svg>
  );
}
