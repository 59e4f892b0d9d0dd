// Before the first paint, so that a page kept dark does not flash white. Storage may be forbidden.
try {
  const theme = localStorage.getItem('refill.theme');
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
} catch {}
