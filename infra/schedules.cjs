/**
 * Schedules without retries: by default EventBridge Scheduler tries for a day, and every late try would be one run more
 * than there are minutes. The `schedule` event has no words for it, and an extension replaces `Target` whole.
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
