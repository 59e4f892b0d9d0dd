/** The page's own style: no file, no font and no picture from anywhere. */
export const PAGE_STYLE = `
:root { --ink: #16202a; --soft: #4b5866; --ground: #f4f6f8; --card: #fff; --line: #d5dce3; --go: #0b5fad; --on-go: #fff; --good: #0b6b3a; --bad: #9a4a00; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #eef2f5; --soft: #b3bfca; --ground: #10161c; --card: #1a232c; --line: #33414e; --go: #6cb4f5; --on-go: #0a1622; --good: #5fd39a; --bad: #ffb26b; }
}
* { box-sizing: border-box; }
[hidden] { display: none !important; }
body { margin: 0; min-height: 100vh; background: var(--ground); color: var(--ink); font: 1.0625rem/1.55 system-ui, sans-serif; }
:lang(ur) body, body:lang(ur) { font-family: "Noto Nastaliq Urdu", "Noto Naskh Arabic", "Noto Sans Arabic", system-ui, sans-serif; line-height: 2; }
header { padding: 1rem 1.25rem 0; font-weight: 700; color: var(--go); letter-spacing: .01em; }
main { max-width: 28rem; margin: 0 auto; padding: 1rem 1.25rem 2rem; }
section { background: var(--card); border: 1px solid var(--line); border-radius: 1rem; padding: 1.5rem 1.25rem; }
h1 { margin: 0 0 .75rem; font-size: 1.4rem; line-height: 1.3; outline: none; }
:lang(ur) h1 { line-height: 1.9; }
p { margin: 0 0 .9rem; color: var(--soft); overflow-wrap: anywhere; }
section p:last-of-type { margin-bottom: 0; }
button { display: block; width: 100%; min-height: 3.25rem; margin-top: 1.4rem; padding: .6rem 1rem; border: 0; border-radius: .8rem; background: var(--go); color: var(--on-go); font: inherit; font-weight: 650; cursor: pointer; }
button:focus-visible, summary:focus-visible { outline: 3px solid var(--ink); outline-offset: 3px; }
.mark { width: 3rem; height: 3rem; margin-bottom: 1rem; border-radius: 50%; border: .3rem solid var(--line); }
[data-state=open] .mark { display: none; }
[data-state=asking] .mark { border-top-color: var(--go); animation: turn 1s linear infinite; }
[data-state=done] .mark { border-color: var(--good); background: radial-gradient(circle, var(--good) 38%, transparent 42%); }
[data-state=wifi] .mark, [data-state=later] .mark, [data-state=refused] .mark { border-color: var(--bad); border-style: dashed; }
details { margin-top: 1.25rem; }
summary { padding: .75rem 0; cursor: pointer; color: var(--go); }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
@keyframes turn { to { transform: rotate(1turn); } }
@media (prefers-reduced-motion: reduce) { .mark { animation: none !important; } }
`;
