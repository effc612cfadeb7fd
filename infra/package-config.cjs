/**
 * A plugin of serverless: packages pgtide.yml with the files that it names, and refuses one that functions could not use. A build to see
 * whether it builds needs none; a deployment does.
 */
const { FILE, folder, readConfiguration } = require('./configuration.cjs');

module.exports = class PackageConfig {
  constructor(serverless) {
    const refuse = (reason) => {
      throw new serverless.classes.Error(`${FILE} cannot be deployed: ${reason}`, 'PGTIDE_CONFIG');
    };
    const addFiles = async () => {
      const config = await readConfiguration();
      if (!config) {
        if (serverless.processedInput.commands.includes('deploy')) refuse('there is none; write it');
        return;
      }
      const { deploymentOf } = await import('../lib/config/deployment.ts');
      const { files, problems } = deploymentOf(config, folder);
      if (problems.length > 0) refuse(`\n  ${problems.join('\n  ')}`);
      serverless.service.package.patterns.push(FILE, ...files);
    };
    this.hooks = { 'before:package:initialize': addFiles };
  }
};
