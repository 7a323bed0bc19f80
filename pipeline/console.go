package pipeline

import "net/url"

// console is the domain of a partition's AWS Management Console; "" of one that this
// version does not know.
func console(partition string) string {
	switch partition {
	case "aws":
		return "console.aws.amazon.com"
	case "aws-cn":
		return "console.amazonaws.cn"
	case "aws-us-gov":
		return "console.amazonaws-us-gov.com"
	case "aws-eusc":
		return "console.amazonaws-eusc.eu"
	}
	return ""
}

// DashboardLink is where the console shows the dashboard; "" where none is known.
func (p *Pipeline) DashboardLink() string {
	host := console(p.id.Partition)
	if host == "" {
		return ""
	}
	u := url.URL{
		Scheme: "https", Host: p.id.Region + "." + host, Path: "/cloudwatch/home",
		RawQuery: url.Values{"region": {p.id.Region}}.Encode(), Fragment: "dashboards/dashboard/" + p.names.Dashboard,
	}
	return u.String()
}
