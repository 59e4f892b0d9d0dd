import { render } from 'preact';
import { App } from './app.js';
import './styles/tokens.css';
import './styles/base.css';
import './styles/layout.css';
import './styles/people.css';
import './styles/phone.css';
import './styles/thread.css';
import './styles/composer.css';
import './styles/blocks.css';
import './styles/offers.css';
import './styles/world.css';
import './styles/log.css';
import './styles/login.css';
import './styles/link.css';

const root = document.getElementById('app');
if (root) render(<App />, root);
