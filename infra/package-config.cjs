/**
 * A plugin of serverless. It packages pgtide.yml with the files that it names, whichever command builds functions,
 * and refuses a configuration that functions could not use. A build that only checks whether bundling works needs no
 * configuration; a deployment does. A function that is invoked on this machine may use what is on it.
 */
const { FILE, folder, readConfiguration } = require('./configuration.cjs');

/** Patterns are globs, so special characters in a file's name are escaped. */
const patternOf = (file) => file.replaceAll(/[$()*+?[\]{}!|^@]/g, '\\$&');

module.exports = class PackageConfig {
  constructor(serverless) {
    const refuse = (reason) => {
      throw new serverless.classes.Error(`${FILE} cannot be deployed: ${reason}`, 'PGTIDE_CONFIG');
    };
    const { commands } = serverless.processedInput;
    const addFiles = async () => {
      const config = await readConfiguration().catch(({ message, remedy }) =>
        refuse(remedy ? `${message}\nfix: ${remedy}` : message),
      );
      if (!config) {
        if (commands.includes('deploy')) refuse('there is none; write it');
        return;
      }
      const { deploymentOf } = await import('../lib/config/deployment.ts');
      const { files, problems } = deploymentOf(config, folder);
      if (problems.length > 0 && !commands.includes('invoke')) refuse(`\n  ${problems.join('\n  ')}`);
      serverless.service.package.patterns.push(FILE, ...files.map(patternOf));
    };
    this.hooks = {
      'before:package:initialize': addFiles,
      'before:deploy:function:packageFunction': addFiles,
      'before:invoke:local:invoke': addFiles,
    };
  }
};
