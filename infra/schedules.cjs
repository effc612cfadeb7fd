/**
 * Schedules without retries. By default EventBridge Scheduler retries for a day, and every late retry would be a run
 * beyond one a minute. The `schedule` event has no setting for it, and an extension replaces `Target` as a whole.
 */
const scheduled = ['Tick', 'Replay', 'Copy', 'Maintain'];

const withoutRetries = (name) => ({
  Properties: {
    Target: {
      Arn: { 'Fn::GetAtt': [`${name}LambdaFunction`, 'Arn'] },
      RoleArn: { 'Fn::GetAtt': ['SchedulerRole', 'Arn'] },
      Input: '{}',
      RetryPolicy: { MaximumRetryAttempts: 0, MaximumEventAgeInSeconds: 60 },
    },
  },
});

module.exports = {
  extensions: Object.fromEntries(
    scheduled.map((name) => [`${name}SchedulerSchedule1`, withoutRetries(name)]),
  ),
};
