/**
 * @typedef {object} Results what a jest reporter is given, as far as it is read here
 * @property {{ testResults: { status: string, fullName: string }[] }[]} testResults
 * @property {number} numPassedTests
 * @property {number} numFailedTests
 * @property {number} numRuntimeErrorTestSuites
 * @property {number} numPendingTests
 * @property {number} numTodoTests
 */

/**
 * Names every skipped test, and closes the run with `N passed, N failed, N skipped` alone on a line. A test file that could
 * not be loaded counts as one failure: it must never look like zero tests. A test that is skipped and does not say why, in
 * brackets in its name, fails the run.
 */
class Summary {
  /** @param {{ testNamePattern?: string }} globalConfig */
  constructor(globalConfig) {
    this.filtered = Boolean(globalConfig.testNamePattern);
    /** @type {string[]} */
    this.unexplained = [];
  }

  /**
   * @param {unknown} _contexts
   * @param {Results} results
   */
  onRunComplete(_contexts, results) {
    const skipped = results.testResults
      .flatMap(({ testResults }) => testResults)
      .filter(({ status }) => status === 'pending')
      .map(({ fullName }) => fullName);
    // `-t` skips what it leaves out: those need no reason, and no line each.
    if (!this.filtered) this.unexplained = skipped.filter((name) => !/\(.{8,}\)/.test(name));
    const failed = results.numFailedTests + results.numRuntimeErrorTestSuites + this.unexplained.length;
    const left = results.numPendingTests + results.numTodoTests - this.unexplained.length;
    // At exit, so that it stands below whatever jest has still to say.
    process.once('exit', () => {
      if (!this.filtered) for (const name of skipped) process.stdout.write(`skipped: ${name}\n`);
      process.stdout.write(`\n${results.numPassedTests} passed, ${failed} failed, ${left} skipped\n`);
    });
  }

  getLastError() {
    if (this.unexplained.length === 0) return undefined;
    return new Error(`skipped without a reason in brackets:\n  ${this.unexplained.join('\n  ')}`);
  }
}

module.exports = Summary;
