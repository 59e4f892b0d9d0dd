import type { FunctionComponent } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { useWords } from '../i18n/index.js';
import type { SideBySideProps } from './side-by-side.js';

/** `SideBySide`, fetched when it is first looked at: Microsoft's renderer is larger than the rest of the page. */
export function LazySideBySide(props: SideBySideProps) {
  const { t } = useWords();
  const [loaded, setLoaded] = useState<{ View?: FunctionComponent<SideBySideProps>; failed?: boolean }>({});
  useEffect(() => {
    import('./side-by-side.js').then(
      ({ SideBySide }) => setLoaded({ View: SideBySide }),
      () => setLoaded({ failed: true }),
    );
  }, []);
  const { View, failed } = loaded;
  if (View) return <View {...props} />;
  return (
    <section class="side waiting">
      <p role="status">{t(failed === true ? 'page.unreachable' : 'page.loading')}</p>
    </section>
  );
}
