/** Options of an AWS client that uses HTTPS_PROXY and NO_PROXY, as Terraform and the AWS CLI do. */
export function clientOptions() {
  return { requestHandler: { httpsAgent: { proxyEnv: process.env } } };
}
