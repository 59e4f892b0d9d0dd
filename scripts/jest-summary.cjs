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
 * Names every skipped test with its reason, and closes the run with `N passed, N failed, N skipped` alone on a line.
 * A test file that could not be loaded counts as one failure: it must never look like zero tests.
 */
class Summary {
  /**
   * @param {unknown} _contexts
   * @param {Results} results
   */
  onRunComplete(_contexts, results) {
    const skipped = results.testResults.flatMap((file) => file.testResults).filter((test) => test.status === 'pending');
    const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
    const left = results.numPendingTests + results.numTodoTests;
    // At exit, so that it stands below whatever jest has still to say.
    process.once('exit', () => {
      for (const test of skipped) process.stdout.write(`skipped: ${test.fullName}\n`);
      process.stdout.write(`\n${results.numPassedTests} passed, ${failed} failed, ${left} skipped\n`);
    });
  }
}

module.exports = Summary;
