package pipeline

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// Contents counts the items, up to some thousand: DescribeTable's own count is up
// to six hours old.
func (t *lookupTable) Contents(ctx context.Context) (_ string, err error) {
	defer t.explain("counting the items of", &err)
	items := 0
	pages := dynamodb.NewScanPaginator(t.client, &dynamodb.ScanInput{TableName: &t.name, Select: types.SelectCount})
	for range countedPages {
		if !pages.HasMorePages() {
			break
		}
		page, err := pages.NextPage(ctx)
		if err != nil {
			return "", err
		}
		items += int(page.Count)
	}
	switch {
	case pages.HasMorePages():
		return fmt.Sprintf("more than %d items", items), nil
	case items == 0:
		return "empty", nil
	case items == 1:
		return "1 item", nil
	}
	return fmt.Sprintf("%d items", items), nil
}
