// Pages of the administration that keep themselves up to date.

import './times.js';
import './refresh.js';
import './ages.js';
