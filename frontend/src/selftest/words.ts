/** Everything that the self-test says. */

import type { Finding, Verdict, WayName } from './findings';

interface Words {
  /** What was found. */
  says: string;
  /** What to change, when something is to be changed. */
  change?: string;
}

const PROXY = 'Look at the settings of the proxy in front of this site.';

export const FINDINGS: Readonly<Record<Finding, Words>> = {
  works: { says: 'Works.' },
  missing: { says: 'This browser does not have it.', change: 'Use a current browser.' },
  not_opened: {
    says: 'The connection could not be opened.',
    change:
      `${PROXY} It has to speak HTTP/1.1 to the site and pass on the headers Upgrade and Connection ` +
      '(nginx: proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection "upgrade"). ' +
      'If the log of the site shows 403, the proxy changes the header Host or Origin: pass Host on as it came ' +
      '(nginx: proxy_set_header Host $http_host).',
  },
  host_rewritten: {
    says: 'The site is told another host than the one in your address bar.',
    change: `${PROXY} It has to pass on Host as it came (nginx: proxy_set_header Host $http_host). The site compares it with Origin and answers 403 otherwise.`,
  },
  scheme_lost: {
    says: 'This page came over https, and the site is told http.',
    change: `${PROXY} It has to say how the page was asked for (nginx: proxy_set_header X-Forwarded-Proto $scheme).`,
  },
  no_hello: {
    says: 'The connection opened, and then nothing came.',
    change: `${PROXY} It has to pass on each message at once; a firewall that inspects traffic may hold them back too.`,
  },
  no_echo: {
    says: 'What this page said did not come back.',
    change: `${PROXY} It lets messages through in one direction only.`,
  },
  buffered: {
    says: 'Messages that were sent one after the other arrived together: something holds them back.',
    change: `${PROXY} Turn its buffering off for this site (nginx: proxy_buffering off), and compression of event streams too.`,
  },
  closed_early: {
    says: 'The connection was closed in the middle.',
    change: `${PROXY} Its timeouts have to be longer than the 15 seconds between signs of life (nginx: proxy_read_timeout 60s).`,
  },
  timed_out: {
    says: 'No answer came in time.',
    change: `${PROXY} Either it buffers the answer (nginx: proxy_buffering off) or it can't reach the site.`,
  },
  refused: {
    says: 'The site refused the request.',
    change: 'Sign in again. If that does not help, the proxy changes the header Host or Origin, or drops cookies.',
  },
  failed: { says: 'The request failed.', change: 'Look at the log of the site and of the proxy in front of it.' },
  cached: {
    says: 'The second answer was a copy of the first: something keeps answers.',
    change: `${PROXY} It must not cache answers of this site (nginx: proxy_cache off).`,
  },
};

export const VERDICTS: Readonly<Record<Verdict, { word: string; icon: string; style: string }>> = {
  testing: { word: 'Testing', icon: '…', style: 'status-in_progress' },
  good: { word: 'Works', icon: '✓', style: 'status-completed' },
  poor: { word: 'Works, with a fault', icon: '!', style: 'status-retrying' },
  bad: { word: 'Does not work', icon: '✗', style: 'status-failed' },
};

export const WAYS: Readonly<Record<WayName, string>> = {
  websocket: 'WebSocket',
  sse: 'Server-sent events',
  poll: 'Polling',
};

export const SUMMARIES = {
  testing: 'Testing the three ways in which pages stay live …',
  websocket: 'Pages are live at once, by the best way.',
  sse: 'Pages are live, by the second-best way.',
  poll: 'Pages are brought up to date once a second, by the last way that is left.',
  none: 'Pages can’t be live here: none of the three ways works.',
} as const;
